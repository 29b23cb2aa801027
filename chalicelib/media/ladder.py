"""The ladder: which renditions a source gets.

A rung is named by its height in a 16:9 frame: "1080p" is what fits 1920x1080, lying or standing, so a 1920x804 film and
a 1080x1920 phone clip are both 1080p. No rendition is larger than the source as displayed, nor than the tallest rung
on offer, whatever size a source claims; sides are even, because 4:2:0 needs it; pixels are square. Every rung comes in
every codec asked for, H.264 before the others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from chalicelib.media.encoders import Quality, recipe
from chalicelib.media.plan import Rendition, VideoCodec

EXTRA_RUNG_RATIO = Fraction(6, 5)
"""A source between two rungs, this much above the lower one, gets one of its own size; nearer ones would double it."""

_REFERENCE_BITRATE_BPS = 5_000_000
_REFERENCE_PIXELS = 1920 * 1080
_REFERENCE_RATE = 30


def choose_ladder(
    width: int,
    height: int,
    heights: Sequence[int],
    frame_rate: Fraction,
    *,
    codecs: Sequence[VideoCodec] = (VideoCodec.H264,),
    quality: Quality = Quality.BALANCED,
) -> tuple[Rendition, ...]:
    """Renditions for a source, codec by codec, tallest first in each; at least one.

    Args:
        width: Displayed width in square pixels.
        height: Displayed height.
        heights: Rungs on offer, in any order.
        frame_rate: Frames per second of the grid.
        codecs: In the order wanted.
    """
    own = source_rung(width, height)
    rungs = sorted({rung for rung in heights if rung <= own}, reverse=True)
    if not rungs or rungs[0] * EXTRA_RUNG_RATIO <= own < max(heights):
        rungs.insert(0, own)
    sizes = [(rung, *fit_even(width, height, Fraction(rung, own))) for rung in rungs]
    return tuple(
        _rendition(rung, (wide, high), frame_rate, codec, quality)
        for codec in codecs
        for rung, wide, high in sizes
        if min(wide, high) >= recipe(codec, quality).min_side
    )


def source_rung(width: int, height: int) -> int:
    """The rung that a source is itself: the height of the smallest 16:9 frame, lying or standing, that holds it."""
    long_side, short_side = max(width, height), min(width, height)
    return max(short_side, -(-long_side * 9 // 16))


def fit_even(width: int, height: int, scale: Fraction) -> tuple[int, int]:
    """Both sides times `scale`, rounded to the nearest even number, at least 2 and never above the side itself."""
    return _even(width, scale), _even(height, scale)


def max_bitrate_bps(width: int, height: int, frame_rate: Fraction) -> int:
    """The ceiling for a rendition: 5 Mbit/s for 1080p30, less per pixel as frames grow, less per frame as rates do."""
    pixels = math.pow(width * height / _REFERENCE_PIXELS, 0.75)
    motion = math.pow(max(float(frame_rate), 10.0) / _REFERENCE_RATE, 0.5)
    return max(round(_REFERENCE_BITRATE_BPS * pixels * motion / 10_000) * 10_000, 100_000)


def _rendition(
    rung: int, size: tuple[int, int], frame_rate: Fraction, codec: VideoCodec, quality: Quality
) -> Rendition:
    chosen = recipe(codec, quality)
    return Rendition(
        name=f"{rung}p" if codec is VideoCodec.H264 else f"{rung}p-{codec}",
        width=size[0],
        height=size[1],
        crf=chosen.crf,
        max_bitrate_bps=round(max_bitrate_bps(*size, frame_rate) * chosen.rate),
        codec=codec,
        preset=chosen.preset,
        tuning=chosen.tuning,
    )


def _even(side: int, scale: Fraction) -> int:
    return max(2, min(2 * round(side * scale / 2), side - side % 2))
