#!/usr/bin/env python3
"""Writes how loud each 20 ms of the speech is, for the audio-level header extension (RFC 6464).

Usage: levels.py SPEECH.wav OUT

One byte per packet: the level in -dBov, 0 (loudest) to 127 (silence). Standard library only.
"""

import array
import math
import pathlib
import sys
import wave

PACKETS_PER_S = 50


def main():
    with wave.open(sys.argv[1], "rb") as speech:
        if speech.getsampwidth() != 2 or speech.getnchannels() != 1:
            sys.exit("levels.py: the speech must be 16-bit mono")
        size = speech.getframerate() // PACKETS_PER_S
        samples = array.array("h", speech.readframes(speech.getnframes()))
    if sys.byteorder == "big":
        samples.byteswap()
    levels = bytearray()
    for start in range(0, len(samples) - size + 1, size):
        rms = math.sqrt(sum(s * s for s in samples[start : start + size]) / size)
        level = -20 * math.log10(rms / 32768) if rms > 0 else 127
        levels.append(min(max(round(level), 0), 127))
    pathlib.Path(sys.argv[2]).write_bytes(levels)


if __name__ == "__main__":
    main()
