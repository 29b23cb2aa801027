"""From what a loaded page says about itself to the facts of a composition.

Decides its size, its length and the sound that belongs to it; refuses what cannot become a video, in words that say
what to write in the page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any
from urllib.parse import unquote, urlsplit

from chalicelib.composition.capture import CaptureOptions, CompositionFacts, MediaClip
from chalicelib.composition.serving import HOST
from chalicelib.errors import CompositionUnplayable, NotMediaPayload

DEFAULT_SIZE = (1920, 1080)
MAX_SIDE = 7680
MAX_SCALE = 10
"""Above it Chromium refuses to draw."""
NO_LENGTH = (
    "the page does not say how long it is; give its root element data-duration with the seconds, or write "
    '<meta name="sluice:duration" content="SECONDS"> in its head'
)
MAX_DURATION_S = 24 * 3600
_SIDE = {name: re.compile(rf"\sdata-{name}\s*=\s*[\"']?(\d+)".encode()) for name in ("width", "height")}


def first_size(html: bytes, options: CaptureOptions) -> tuple[int, int]:
    """The viewport to load a page in, in CSS pixels, from its source; `read_facts` has the last word."""
    found = [pattern.search(html) for pattern in _SIDE.values()]
    width, height = (int(match[1]) if match else None for match in found)
    return _size(width, height, options)


def read_facts(state: Mapping[str, Any], runtime: str, options: CaptureOptions) -> CompositionFacts:
    """The facts of a page that is ready.

    Raises:
        CompositionUnplayable: If it has no length, or cannot have the size that was asked for.
        NotMediaPayload: If it has a video of the project that nothing can be read from. Sound is told by who mixes it.
    """
    for said in state["media"]:
        path = project_path(said["url"])
        if path and said["kind"] == "video" and not said["readable"]:
            raise NotMediaPayload(f"{path} is not in the project, or cannot be decoded", path=path)
    width, height = _size(_whole(state["width"]), _whole(state["height"]), options)
    duration = _seconds(state["duration"])
    if duration is None or duration <= 0:
        raise CompositionUnplayable(NO_LENGTH)
    if duration > MAX_DURATION_S:
        raise CompositionUnplayable("the composition is longer than 24 hours", duration_s=float(duration))
    clips = (_clip(said, duration) for said in state["media"])
    return CompositionFacts(
        runtime=runtime,
        width=width,
        height=height,
        scale=_scale(width, height, options),
        duration=duration,
        media=tuple(clip for clip in clips if clip is not None),
    )


def project_path(url: str) -> str | None:
    """The path inside the project that a URL of the page names, or None if it leads elsewhere."""
    parts = urlsplit(url)
    if parts.netloc != HOST:
        return None
    return unquote(parts.path).lstrip("/") or None


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _size(width: int | None, height: int | None, options: CaptureOptions) -> tuple[int, int]:
    if width is None or height is None:
        width, height = (options.width, options.height) if options.width and options.height else DEFAULT_SIZE
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise CompositionUnplayable(f"a composition's sides are 1 to {MAX_SIDE} pixels", width=width, height=height)
    return width, height


def _scale(width: int, height: int, options: CaptureOptions) -> Fraction:
    if options.width:
        scale = Fraction(options.width, width)
    elif options.height:
        scale = Fraction(options.height, height)
    else:
        return Fraction(1)
    wanted = (options.width or round(width * scale), options.height or round(height * scale))
    if wanted != (round(width * scale), round(height * scale)):
        raise CompositionUnplayable(
            f"the composition is {width}x{height}, which cannot become {wanted[0]}x{wanted[1]} without distortion; "
            "ask for the same aspect ratio, or leave width or height out",
            width=width,
            height=height,
        )
    if scale > MAX_SCALE or max(wanted) > MAX_SIDE:
        raise CompositionUnplayable(
            f"the composition is {width}x{height}, and is drawn at up to {MAX_SCALE} times that, with sides of up to "
            f"{MAX_SIDE} pixels; {wanted[0]}x{wanted[1]} wants a composition of a larger data-width and data-height",
            width=width,
            height=height,
        )
    return scale


def _seconds(value: float | None) -> Fraction | None:
    """Pages compute with floats: 0.1 + 0.2 is meant to be 0.3."""
    return None if value is None else Fraction(value).limit_denominator(1_000_000)


def _clip(said: Mapping[str, Any], total: Fraction) -> MediaClip | None:
    """One element as a clip; None if it is not heard, or not of the project."""
    start = _seconds(said["start"]) or Fraction(0)
    path = project_path(said["url"])
    volume = 1.0 if said["volume"] is None else float(said["volume"])
    silent = said["silent"] or not said["sound"] or volume <= 0 or start >= total
    if path is None or silent or not said["plays"]:
        return None
    return MediaClip(
        path=path,
        kind=said["kind"],
        start=start,
        duration=_seconds(said["duration"]),
        media_start=_seconds(said["mediaStart"]) or Fraction(0),
        volume=volume,
        playback_rate=_seconds(said["rate"]) or Fraction(1),
    )
