"""Groups of ffmpeg flags that the commands share, each with its reason."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from chalicelib.media.source import MAX_PIXELS, Container

MICROSECONDS = 1_000_000

POSTER_LONG_SIDE = 1280
"""Pixels; a poster is never larger, and never larger than its picture."""

GLOBAL_ARGUMENTS: tuple[str, ...] = (
    # Errors only: stderr is kept for the log.
    *("-v", "error"),
    # The build and its options are in the plan already.
    "-hide_banner",
    # Nobody answers questions, and stdin is not ours to read.
    "-nostdin",
    # A retried chunk replaces what its first try left.
    "-y",
)


def input_options(container: Container) -> dict[str, Any]:
    return {
        # The file is never trusted to choose its own reader ...
        "f": container.demuxer,
        # ... nor to bring in another one for what it refers to ...
        "format_whitelist": container.demuxer,
        # ... nor to reach beyond local files.
        "protocol_whitelist": "file",
        # A tiny file can announce a frame that fills the memory.
        "max_pixels": MAX_PIXELS,
    }


def scale_options(value_range: str) -> dict[str, Any]:
    return {
        # Best of the built-in scalers at small sizes; fast_bilinear halves the quality.
        "flags": "lanczos",
        # Streams are limited range, JPEG is full range, whatever the source was.
        "out_range": value_range,
    }


def mp4_options() -> dict[str, Any]:
    return {
        # Where it was filmed, and by whom, stays private.
        "map_metadata": -1,
        "map_chapters": -1,
        # No version or date in the file: the same bytes every time.
        "fflags": "+bitexact",
        # Fragments carry true times; an edit list would shift them.
        "use_editlist": 0,
        "f": "mp4",
    }


def jpeg_options(*, quality: int) -> dict[str, Any]:
    return {
        "frames:v": 1,
        "c:v": "mjpeg",
        # 2 is best, 31 is worst.
        "q:v": quality,
        # Slices depend on the number of threads.
        "threads": 1,
        "map_metadata": -1,
        # No encoder comment.
        "fflags": "+bitexact",
        "flags:v": "+bitexact",
        # One file of this very name, not a numbered series.
        "update": 1,
        "f": "image2",
    }


def seconds(time: Fraction) -> str:
    """Decimal seconds with microseconds, ffmpeg's own resolution."""
    micro = round(time * MICROSECONDS)
    sign = "-" if micro < 0 else ""
    return f"{sign}{abs(micro) // MICROSECONDS}.{abs(micro) % MICROSECONDS:06d}"


def from_origin(origin: Fraction) -> str:
    """The setpts expression that makes a source's own time `origin` zero."""
    return f"PTS-round({seconds(origin)}/TB)"
