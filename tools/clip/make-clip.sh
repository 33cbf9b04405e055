#!/bin/sh
# Makes the clip of the synthetic patient: speech by espeak-ng, pictures by draw.py, encoded by
# ffmpeg. Needs Debian's ffmpeg (with librsvg, libvpx, libopus), espeak-ng, python3 and
# fonts-dejavu-core. Writes into crates/bench/assets (or the folder given as the first argument).
set -eu

here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/../../crates/bench/assets}
seconds=12
fps=20
frames=$((seconds * fps))
text='Hello. I am the synthetic patient of Bedside. I am a drawing, not a real person.
If you can see my mouth move, and hear my voice, your video visit works in both directions.'

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$out"

espeak-ng -v en-gb+f3 -s 165 -p 42 -g 2 -w "$tmp/raw.wav" "$text"
# Half a second of silence before, then padded or cut to the length of the loop.
ffmpeg -v error -y -i "$tmp/raw.wav" -ac 1 -ar 48000 -c:a pcm_s16le \
  -af "adelay=500,loudnorm=I=-18:TP=-2:LRA=11,apad=whole_dur=${seconds},atrim=end=${seconds},afade=t=out:st=11.8:d=0.2" \
  "$tmp/speech.wav"
ffmpeg -v error -y -i "$tmp/speech.wav" -c:a libopus -b:a 24k -vbr on -application voip \
  -frame_duration 20 -map_metadata -1 -fflags +bitexact -flags:a +bitexact "$out/patient.opus"

python3 "$here/levels.py" "$tmp/speech.wav" "$out/patient.levels"
python3 "$here/draw.py" "$tmp/speech.wav" "$tmp/frames" "$frames" "$fps"

# One picture sequence, three sizes. A keyframe each second, in all sizes at the same picture; no
# hidden frames (each frame is shown), no look-ahead: as a browser's encoder would send it.
layer() { # name, width, height, bits per second
  ffmpeg -v error -y -framerate "$fps" -i "$tmp/frames/%04d.svg" \
    -vf "scale=$2:$3:flags=lanczos,format=yuv420p" -c:v libvpx -b:v "$4" -maxrate "$4" -bufsize "$4" \
    -g "$fps" -keyint_min "$fps" -auto-alt-ref 0 -lag-in-frames 0 -error-resilient default \
    -deadline good -cpu-used 1 -threads 1 -map_metadata -1 -fflags +bitexact -flags:v +bitexact \
    -f ivf "$out/patient-$1.ivf"
}
layer q 160 90 70000
layer h 320 180 170000
layer f 640 360 460000

ls -l "$out"
