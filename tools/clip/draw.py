#!/usr/bin/env python3
"""Draws the frames of the synthetic patient as SVG files.

Usage: draw.py SPEECH.wav OUT_DIR FRAMES FPS

One file per frame, OUT_DIR/0000.svg and so on. The picture is a drawn person in a room: the mouth
follows the loudness of the speech, the eyes blink, the shoulders breathe and a second hand goes
round, so that a frozen picture is seen at once. Standard library only. The result depends on the
arguments alone: no clock, no random number.
"""

import array
import math
import pathlib
import sys
import wave

WIDTH, HEIGHT = 640, 360
# Silence below this root mean square of 16-bit samples keeps the mouth shut.
QUIET_RMS = 250.0
# The mouth is fully open from here on.
LOUD_RMS = 6000.0
BLINKS_S = (1.4, 4.1, 6.3, 6.7, 9.2, 11.3)
BLINK_LENGTH_S = 0.18


def loudness(path, frames, fps):
    """The mouth opening of each frame, 0 to 1."""
    with wave.open(path, "rb") as speech:
        if speech.getsampwidth() != 2 or speech.getnchannels() != 1:
            sys.exit("draw.py: the speech must be 16-bit mono")
        rate = speech.getframerate()
        samples = array.array("h", speech.readframes(speech.getnframes()))
    if sys.byteorder == "big":
        samples.byteswap()
    opening, smooth = [], 0.0
    for frame in range(frames):
        part = samples[frame * rate // fps : (frame + 1) * rate // fps]
        rms = math.sqrt(sum(s * s for s in part) / len(part)) if part else 0.0
        goal = min(max((rms - QUIET_RMS) / (LOUD_RMS - QUIET_RMS), 0.0), 1.0) ** 0.6
        # Lips open faster than they close.
        smooth += (goal - smooth) * (0.75 if goal > smooth else 0.45)
        opening.append(smooth)
    return opening


def blink(t):
    """How far the eyelids are open at second `t`, 0 to 1."""
    for start in BLINKS_S:
        if start <= t < start + BLINK_LENGTH_S:
            return abs((t - start) / BLINK_LENGTH_S * 2 - 1)
    return 1.0


def clock(t):
    """A wall clock whose hand goes round once per loop of 12 s."""
    angle = t / 12 * 360
    marks = "".join(
        f'<line x1="0" y1="-33" x2="0" y2="{-25 if hour % 3 == 0 else -29}" '
        f'transform="rotate({hour * 30})" stroke="#7c94a0" stroke-width="2.5"/>'
        for hour in range(12)
    )
    return f"""<g transform="translate(542 92)">
<circle r="41" fill="#ffffff" stroke="#4f6b78" stroke-width="5"/>{marks}
<line x1="0" y1="3" x2="0" y2="-17" transform="rotate(304)" stroke="#2f4550" stroke-width="5" stroke-linecap="round"/>
<line x1="0" y1="3" x2="0" y2="-25" transform="rotate(60)" stroke="#2f4550" stroke-width="3.5" stroke-linecap="round"/>
<line x1="0" y1="8" x2="0" y2="-31" transform="rotate({angle:.2f})" stroke="#c8553d" stroke-width="2.5" stroke-linecap="round"/>
<circle r="4" fill="#c8553d"/></g>"""


def plant(t):
    """A plant whose leaves move a little."""
    leaves = ""
    for index, lean in enumerate((-46, -24, -4, 18, 40)):
        sway = 2.5 * math.sin(2 * math.pi * (t / 4 + index / 5))
        leaves += (
            f'<path transform="rotate({lean + sway:.2f})" d="M0 0 C-15 -28 -9 -62 0 -84 C9 -62 15 -28 0 0Z" '
            f'fill="{("#4e8d6b", "#5c9f7a")[index % 2]}"/>'
        )
    return f"""<g transform="translate(88 246)">{leaves}
<path d="M-30 -4 H30 L23 50 H-23Z" fill="#c98a63"/><rect x="-34" y="-10" width="68" height="13" rx="4" fill="#b8764f"/></g>"""


def person(t, opening):
    """Head and shoulders."""
    breath = 1.6 * math.sin(2 * math.pi * t / 4)
    nod = 2.2 * math.sin(2 * math.pi * t / 3) * (0.35 + opening)
    tilt = 1.5 * math.sin(2 * math.pi * t / 6)
    lid = blink(t)
    gaze = 1.8 * math.sin(2 * math.pi * t / 12)
    brow = -2.5 * opening
    eyes = "".join(
        f"""<g transform="translate({x} -8)"><ellipse rx="10.5" ry="{max(9.5 * lid, 1.2):.2f}" fill="#ffffff"/>
<circle cx="{gaze:.2f}" r="{min(5.6, 9.5 * lid):.2f}" fill="#3c2a21"/>
<circle cx="{gaze + 1.8:.2f}" cy="-2" r="{1.7 * lid:.2f}" fill="#ffffff"/>
<path d="M-12 {-17 + brow:.2f} Q0 {-23 + brow:.2f} 12 {-17 + brow:.2f}" fill="none" stroke="#4a3226" stroke-width="4.5" stroke-linecap="round"/></g>"""
        for x in (-25, 25)
    )
    height = 3.0 + 16 * opening
    width = 21 - 4 * opening
    mouth = (
        f'<path d="M{-width:.2f} 35 Q0 {37 - 3 * opening:.2f} {width:.2f} 35 Q0 {35 + 2 * height:.2f} {-width:.2f} 35Z" '
        f'fill="#7a2f35"/>'
    )
    if opening > 0.25:
        mouth += f'<ellipse cx="0" cy="{36 + height * 0.72:.2f}" rx="{width * 0.5:.2f}" ry="{height * 0.22:.2f}" fill="#c96a6a"/>'
    return f"""<g transform="translate(320 {360 + breath:.2f})">
<path d="M-148 20 C-146 -66 -92 -92 -40 -100 H40 C92 -92 146 -66 148 20Z" fill="#3e7c8c"/>
<path d="M-44 -101 L0 -46 L44 -101 L26 -108 H-26Z" fill="#e9f2f3"/>
<path d="M-27 -134 H27 V-96 Q0 -70 -27 -96Z" fill="#c98d66"/></g>
<g transform="translate(320 {172 + breath + nod:.2f}) rotate({tilt:.2f} 0 70)">
<path d="M-80 14 C-96 -92 -44 -112 0 -112 C44 -112 96 -92 80 14 C84 44 74 66 62 70 L-62 70 C-74 66 -84 44 -80 14Z" fill="#553a2c"/>
<ellipse cx="-70" cy="6" rx="11" ry="16" fill="#d69a72"/><ellipse cx="70" cy="6" rx="11" ry="16" fill="#d69a72"/>
<path d="M-68 -22 C-66 -74 -34 -86 0 -86 C34 -86 66 -74 68 -22 C70 34 44 82 0 84 C-44 82 -70 34 -68 -22Z" fill="#e2a981"/>
<path d="M-70 -24 C-62 -66 -22 -50 14 -72 C34 -62 62 -56 70 -24 C84 -90 44 -108 0 -108 C-44 -108 -84 -90 -70 -24Z" fill="#553a2c"/>
<circle cx="-42" cy="24" r="12" fill="#e39480" opacity="0.55"/><circle cx="42" cy="24" r="12" fill="#e39480" opacity="0.55"/>
{eyes}<path d="M-2 0 Q-10 19 2 20" fill="none" stroke="#bf8259" stroke-width="4" stroke-linecap="round"/>
{mouth}</g>"""


def picture(t, opening):
    """The whole frame at second `t`."""
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">
<rect width="640" height="360" fill="#dfe9ea"/><rect y="282" width="640" height="78" fill="#c5d5d6"/>
<g transform="translate(36 40)"><rect width="124" height="104" rx="5" fill="#ffffff"/>
<rect x="8" y="8" width="108" height="88" fill="#a9d3e4"/>
<circle cx="88" cy="34" r="13" fill="#f5d98b"/><path d="M8 96 V78 Q38 54 64 76 T116 68 V96Z" fill="#86b59a"/>
<path d="M62 8 V96 M8 52 H116" stroke="#ffffff" stroke-width="5"/></g>
{clock(t)}{plant(t)}{person(t, opening)}
<g transform="translate(320 333)"><rect x="-125" y="-19" width="250" height="38" rx="19" fill="#12343d" opacity="0.9"/>
<text y="8" text-anchor="middle" font-family="DejaVu Sans, sans-serif" font-weight="bold" font-size="22" fill="#ffffff">Synthetic patient</text></g>
</svg>
"""


def main():
    speech, out, frames, fps = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    out.mkdir(parents=True, exist_ok=True)
    for frame, opening in enumerate(loudness(speech, frames, fps)):
        (out / f"{frame:04}.svg").write_text(picture(frame / fps, opening), encoding="utf-8")


if __name__ == "__main__":
    main()
