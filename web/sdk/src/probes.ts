/**
 * Looking and listening: how loud the microphone is, how bright the camera's picture is, and the
 * chime. Owns the browser's audio graph and canvas; judges nothing.
 */

/** Listens to one microphone. */
export interface LevelProbe {
  /** Loudness now as RMS of full scale, 0–1; `null` while the browser holds audio back. */
  read(): number | null;
  stop(): void;
}

/** Looks at one camera. */
export interface LumaProbe {
  /** Mean brightness 0–255 and the count of frames so far; `null` before the first frame. */
  read(): { readonly luma: number; readonly frames: number } | null;
  stop(): void;
}

export interface Probes {
  level(track: MediaStreamTrack): LevelProbe;
  luma(track: MediaStreamTrack): LumaProbe;
  /** Plays the chime on a loudspeaker; `null` means the system's own. Resolves at its end. */
  chime(speakerId: string | null): Promise<void>;
  stop(): void;
}

/** Loudness as shown: 0 at −60 dBFS, where rooms are quiet, and 1 at −10 dBFS, a loud voice. */
export function meter(rms: number): number {
  if (rms <= 0) return 0;
  const decibels = 20 * Math.log10(rms);
  return Math.min(1, Math.max(0, (decibels + 60) / 50));
}

/** Mean brightness of RGBA pixels by ITU-R BT.709 weights, 0–255. */
export function meanLuma(rgba: Uint8ClampedArray): number {
  let sum = 0;
  for (let i = 0; i + 3 < rgba.length; i += 4) {
    sum += 0.2126 * (rgba[i] ?? 0) + 0.7152 * (rgba[i + 1] ?? 0) + 0.0722 * (rgba[i + 2] ?? 0);
  }
  return rgba.length === 0 ? 0 : sum / (rgba.length / 4);
}

/** Small enough to cost nothing, large enough to see light. */
const THUMB = { width: 32, height: 18 } as const;
/** Three rising notes in Hz: E5, A5, C♯6. */
const NOTES_HZ: readonly number[] = [659.3, 880, 1108.7];
const NOTE_S = 0.28;
const TAIL_S = 0.5;

type RoutableContext = AudioContext & { setSinkId?: (id: string) => Promise<void> };

export function browserProbes(): Probes {
  let shared: RoutableContext | null = null;
  const context = (): RoutableContext => {
    shared ??= new AudioContext();
    // Suspended until the first tap; asking again does no harm.
    if (shared.state !== 'running') void shared.resume().catch(() => undefined);
    return shared;
  };
  return {
    level: (track) => levelProbe(context(), track),
    luma: lumaProbe,
    chime: (speakerId) => chime(context(), speakerId),
    stop() {
      void shared?.close().catch(() => undefined);
      shared = null;
    },
  };
}

function levelProbe(context: AudioContext, track: MediaStreamTrack): LevelProbe {
  const source = context.createMediaStreamSource(new MediaStream([track]));
  const analyser = context.createAnalyser();
  analyser.fftSize = 2048;
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  return {
    read() {
      if (context.state !== 'running') return null;
      analyser.getFloatTimeDomainData(samples);
      let sum = 0;
      for (const sample of samples) sum += sample * sample;
      return Math.sqrt(sum / samples.length);
    },
    stop: () => source.disconnect(),
  };
}

function lumaProbe(track: MediaStreamTrack): LumaProbe {
  const video = document.createElement('video');
  video.muted = true;
  video.playsInline = true;
  video.srcObject = new MediaStream([track]);
  void video.play().catch(() => undefined);
  const canvas = document.createElement('canvas');
  canvas.width = THUMB.width;
  canvas.height = THUMB.height;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  return {
    read() {
      if (context === null || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return null;
      context.drawImage(video, 0, 0, THUMB.width, THUMB.height);
      const { data } = context.getImageData(0, 0, THUMB.width, THUMB.height);
      return { luma: meanLuma(data), frames: video.getVideoPlaybackQuality().totalVideoFrames };
    },
    stop() {
      video.pause();
      video.srcObject = null;
    },
  };
}

async function chime(context: RoutableContext, speakerId: string | null): Promise<void> {
  await context.resume();
  await context.setSinkId?.(speakerId ?? '').catch(() => undefined);
  const startS = context.currentTime + 0.05;
  let last: OscillatorNode | null = null;
  NOTES_HZ.forEach((hz, index) => {
    const fromS = startS + index * NOTE_S;
    const oscillator = context.createOscillator();
    const gain = context.createGain();
    oscillator.frequency.value = hz;
    // A soft beginning and a long end: a bell, not a beep.
    gain.gain.setValueAtTime(0, fromS);
    gain.gain.linearRampToValueAtTime(0.25, fromS + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.001, fromS + NOTE_S + TAIL_S);
    oscillator.connect(gain).connect(context.destination);
    oscillator.start(fromS);
    oscillator.stop(fromS + NOTE_S + TAIL_S);
    last = oscillator;
  });
  const final = last as OscillatorNode | null;
  if (final === null) return;
  await new Promise<void>((done) => {
    final.onended = () => done();
  });
}
