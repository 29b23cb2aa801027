"""How each codec is encoded: the recipe that a plan freezes, and ffmpeg's options for it.

A recipe is chosen by measurement (docs/encoding.md has the tables, benchmarks/encoder_settings.py makes them). All
codecs keep the same promises: a keyframe every GOP and nowhere else, closed GOPs, constant quality under a ceiling, and
the same bytes on every machine and every run. The last one costs the encoders their threads: with two, x264's rate
control depends on which of them is ahead, most of all under a ceiling, and so does SVT-AV1's (docs/encoding.md has the
counts). Renditions are encoded beside each other, and chunks are, so processors stay busy all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from chalicelib.media.plan import Rendition, VideoCodec

X264_THREADS = 1


class Quality(StrEnum):
    """CPU for bytes."""

    FAST = "fast"
    BALANCED = "balanced"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Recipe:
    """See `Rendition` for the first three. `rate` is the codec's ceiling as a part of H.264's at the same size;
    `min_side` the smallest picture that is worth the codec, in pixels."""

    crf: int
    preset: str
    tuning: str = ""
    rate: Fraction = Fraction(1)
    min_side: int = 2


_HEVC_RATE, _AV1_RATE = Fraction(7, 10), Fraction(6, 10)
_MIN_SIDE = 128
"""Below it the newer codecs save nothing that matters, and their encoders have limits of their own."""

_RECIPES = {
    (VideoCodec.H264, Quality.FAST): Recipe(23, "veryfast"),
    (VideoCodec.H264, Quality.BALANCED): Recipe(23, "veryfast", "trellis=1:ref=2"),
    (VideoCodec.H264, Quality.HIGH): Recipe(23, "medium"),
    (VideoCodec.HEVC, Quality.FAST): Recipe(26, "superfast", "", _HEVC_RATE, _MIN_SIDE),
    (VideoCodec.HEVC, Quality.BALANCED): Recipe(26, "fast", "", _HEVC_RATE, _MIN_SIDE),
    (VideoCodec.HEVC, Quality.HIGH): Recipe(26, "medium", "", _HEVC_RATE, _MIN_SIDE),
    (VideoCodec.AV1, Quality.FAST): Recipe(44, "10", "", _AV1_RATE, _MIN_SIDE),
    (VideoCodec.AV1, Quality.BALANCED): Recipe(44, "8", "", _AV1_RATE, _MIN_SIDE),
    (VideoCodec.AV1, Quality.HIGH): Recipe(44, "6", "", _AV1_RATE, _MIN_SIDE),
}


def recipe(codec: VideoCodec, quality: Quality) -> Recipe:
    return _RECIPES[codec, quality]


def encoder_options(rendition: Rendition, gop_frames: int, *, lossless: bool) -> dict[str, Any]:
    """ffmpeg's options for the video encoder of a rendition."""
    if rendition.codec is VideoCodec.HEVC:
        return _hevc(rendition, gop_frames, lossless=lossless)
    if rendition.codec is VideoCodec.AV1:
        return _av1(rendition, gop_frames, lossless=lossless)
    return _h264(rendition, gop_frames, lossless=lossless)


def _h264(rendition: Rendition, gop_frames: int, *, lossless: bool) -> dict[str, Any]:
    return {
        "c:v": "libx264",
        "preset": rendition.preset,
        **({"x264-params": rendition.tuning} if rendition.tuning else {}),
        **({"qp": 0} if lossless else _rate_control(rendition)),
        # A keyframe every GOP and nowhere else, so that fragments are the segments' parts in every rendition.
        "g": gop_frames,
        "keyint_min": gop_frames,
        "sc_threshold": 0,
        # Closed GOPs: no frame of one segment needs another segment.
        "flags": "+cgop",
        "bf": 3,
        # One thread: the same bytes every time.
        "threads": X264_THREADS,
    }


def _hevc(rendition: Rendition, gop_frames: int, *, lossless: bool) -> dict[str, Any]:
    parameters = [
        # As for H.264: a keyframe every GOP and nowhere else, and closed.
        f"keyint={gop_frames}",
        f"min-keyint={gop_frames}",
        "scenecut=0",
        "open-gop=0",
        # One thread: the same bytes every time.
        "pools=none",
        "wpp=0",
        "frame-threads=1",
        # No copy of these options in the stream.
        "info=0",
        "log-level=error",
        *(["lossless=1"] if lossless else []),
        *([rendition.tuning] if rendition.tuning else []),
    ]
    return {
        "c:v": "libx265",
        # Parameter sets in the init segment only: the one kind of HEVC that Apple's players take.
        "tag:v": "hvc1",
        "preset": rendition.preset,
        **({} if lossless else _rate_control(rendition)),
        "g": gop_frames,
        "x265-params": ":".join(parameters),
    }


def _av1(rendition: Rendition, gop_frames: int, *, lossless: bool) -> dict[str, Any]:
    parameters = [
        # One picture at a time: the same bytes every time.
        "lp=1",
        # No keyframes but those of the GOP.
        "scd=0",
        *(["lossless=1"] if lossless else []),
        *([rendition.tuning] if rendition.tuning else []),
    ]
    return {
        "c:v": "libsvtav1",
        "preset": rendition.preset,
        **({} if lossless else _rate_control(rendition)),
        "g": gop_frames,
        "svtav1-params": ":".join(parameters),
    }


def _rate_control(rendition: Rendition) -> dict[str, Any]:
    return {
        "crf": rendition.crf,
        # A ceiling over two seconds: the BANDWIDTH of the manifest is a promise.
        "maxrate": rendition.max_bitrate_bps,
        "bufsize": 2 * rendition.max_bitrate_bps,
    }
