"""Draw the film and play the music of this example: `python examples/product-promo/make_media.py`.

Both are made of arithmetic and stored beside it, in `media/`: a sea at dusk, drawn column by column, and a slow
progression of four chords. Needs an ffmpeg on PATH (or in FFMPEG); the files in the repository are what this wrote.
"""

from __future__ import annotations

import array
import math
import os
import subprocess
from pathlib import Path

MEDIA = Path(__file__).resolve().parent / "media"
FFMPEG = os.environ.get("FFMPEG", "ffmpeg")

WIDTH, HEIGHT, RATE, SECONDS = 960, 540, 30, 8
HORIZON = 250
SUN_X, SUN_Y, SUN_RADIUS = 640, 205, 74
SKY_TOP, SKY_LOW = (44, 54, 104), (255, 176, 122)
SUN = (255, 233, 190)
SEA = ((92, 96, 140), (60, 82, 128), (38, 68, 112), (24, 54, 92), (14, 40, 72), (8, 28, 54))

SAMPLE_RATE = 48_000
MUSIC_SECONDS = 10
CHORDS = ((57, 64, 69, 72, 76), (53, 60, 65, 69, 76), (48, 60, 64, 67, 74), (55, 59, 62, 67, 74))
"""MIDI notes of Am, F, C and G, two and a half seconds each."""


def _mix(one: tuple[int, ...], other: tuple[int, ...], part: float) -> bytes:
    return bytes(round(a + (b - a) * part) for a, b in zip(one, other, strict=True))


def _sky(x: int) -> bytes:
    """One column of the sky, down to the horizon, with the sun in it."""
    rows = []
    for y in range(HORIZON):
        color = _mix(SKY_TOP, SKY_LOW, (y / HORIZON) ** 1.6)
        distance = math.hypot(x - SUN_X, y - SUN_Y)
        glow = max(0.0, 1 - max(0.0, distance - SUN_RADIUS) / 260) ** 2 * 0.55
        rows.append(_mix(tuple(color), SUN, 1.0 if distance < SUN_RADIUS else glow))
    return b"".join(rows)


def _crest(layer: int, x: int, time: float) -> float:
    """Where a layer of the sea begins in this column; nearer layers are higher waves, and faster."""
    depth = layer + 1
    top = HORIZON + 6 + 26 * layer + 5.5 * layer * layer
    long = math.sin(x / (46.0 + 34 * layer) + time * (0.55 + 0.16 * layer) + layer * 1.9)
    short = math.sin(x / (17.0 + 11 * layer) - time * (0.9 + 0.2 * layer) + layer)
    return top + 2.1 * depth * long + 0.8 * depth * short


def _column(x: int, time: float, sky: bytes) -> bytes:
    crests = [round(_crest(layer, x, time)) for layer in range(len(SEA))]
    column = bytearray(sky[: 3 * min(HORIZON, crests[0])])
    for layer, color in enumerate(SEA):
        below = crests[layer + 1] if layer + 1 < len(SEA) else HEIGHT
        rows = max(0, min(below, HEIGHT) - len(column) // 3)
        # The sun lies on the water, in a path that widens towards us and glitters.
        wave = math.sin(x / 9.0 + time * 2.2 + layer * 2) * 0.5 + 0.5
        path = max(0.0, 1 - abs(x - SUN_X) / (70 + 42 * layer)) * (0.75 - 0.09 * layer)
        rim = _mix(color, SUN, min(1.0, 0.22 + path * wave))
        body = _mix(color, SUN, path * 0.35)
        column += rim * min(3, rows) + body * max(0, rows - 3)
    return bytes(column)


def draw_film() -> None:
    """Frames go to ffmpeg lying on their side, a column as a row: it turns them."""
    skies = [_sky(x) for x in range(WIDTH)]
    words = [FFMPEG, "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{HEIGHT}x{WIDTH}"]
    words += ["-r", str(RATE), "-i", "-", "-vf", "transpose=cclock_flip,gblur=sigma=0.9", "-an"]
    words += ["-c:v", "libx264", "-preset", "veryslow", "-crf", "25", "-pix_fmt", "yuv420p", "-g", str(2 * RATE)]
    words += ["-movflags", "+faststart", "-fflags", "+bitexact", str(MEDIA / "sea.mp4")]
    with subprocess.Popen(words, stdin=subprocess.PIPE) as encoder:
        assert encoder.stdin  # noqa: S101
        for frame in range(RATE * SECONDS):
            encoder.stdin.write(b"".join(_column(x, frame / RATE, skies[x]) for x in range(WIDTH)))
    if encoder.returncode:
        raise SystemExit(encoder.returncode)


def _note(number: int) -> float:
    return float(440 * 2 ** ((number - 69) / 12))


def _sample(time: float) -> float:
    """A pad of two slightly mistuned sines a note, and an arpeggio over it."""
    length = MUSIC_SECONDS / len(CHORDS)
    index = int(time / length)
    within = time - index * length
    swell = min(1.0, within / 0.35) * min(1.0, (length - within) / 0.25)
    chord = CHORDS[min(index, len(CHORDS) - 1)]
    pad = sum(math.sin(math.tau * _note(note) * detune * time) for note in chord for detune in (0.9985, 1.0015))
    beat = length / 8
    plucked = chord[(int(within / beat) * 2) % len(chord)] + 12
    decay = math.exp(-(within % beat) * 7) * min(1.0, (within % beat) / 0.006)
    pluck = math.sin(math.tau * _note(plucked) * time) + 0.4 * math.sin(math.tau * 2 * _note(plucked) * time)
    return 0.045 * pad * swell + 0.16 * pluck * decay


def play_music() -> None:
    ends = [min(1.0, n / SAMPLE_RATE / 0.4, (MUSIC_SECONDS - n / SAMPLE_RATE) / 1.2) for n in range(0, 480_000)]
    samples = array.array("h", (round(32_000 * _sample(n / SAMPLE_RATE) * gain) for n, gain in enumerate(ends)))
    words = [FFMPEG, "-v", "error", "-y", "-f", "s16le", "-ar", str(SAMPLE_RATE), "-ac", "1", "-i", "-"]
    words += ["-af", "aecho=0.8:0.6:90|170:0.25|0.18", "-ac", "2", "-t", str(MUSIC_SECONDS)]
    words += ["-c:a", "aac", "-b:a", "96k", "-fflags", "+bitexact", str(MEDIA / "music.m4a")]
    subprocess.run(words, input=samples.tobytes(), check=True)


if __name__ == "__main__":
    MEDIA.mkdir(exist_ok=True)
    draw_film()
    play_music()
