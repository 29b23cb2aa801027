"""The values that pass between the browser and the engine around it.

Invariant: frame `k` of a composition is what the page shows at `k / frame_rate` seconds, whoever captures it and from
whichever frame on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Any


class Picture(StrEnum):
    """How a frame is encoded on its way out of the browser."""

    JPEG = "jpeg"
    """Quality 100, full range, BT.601."""
    PNG = "png"
    """Where alpha, or every bit, is wanted."""
    PIXELS = "pixels"
    """Bare BGRA, row by row, of an opaque page: nothing is encoded where the browser's memory may be read."""


@dataclass(frozen=True, slots=True)
class CaptureOptions:
    """What is asked of a capture.

    Attributes:
        width, height: Of the output, in pixels; None leaves the composition its own.
        transparent: Leave the page's background out; wants Picture.PNG.
        variables: Values for the composition's declared variables, by id.
        entry: The page, relative to the project.
        from_memory: Whether Picture.PIXELS may be read out of the browser; made of screenshots they are the same.
    """

    frame_rate: Fraction
    width: int | None = None
    height: int | None = None
    picture: Picture = Picture.JPEG
    transparent: bool = False
    variables: Mapping[str, Any] = field(default_factory=dict)
    entry: str = "index.html"
    from_memory: bool = True


@dataclass(frozen=True, slots=True)
class MediaClip:
    """One <audio>, or one <video> with sound, as the timeline holds it.

    Attributes:
        path: The file, relative to the project.
        kind: "audio" or "video".
        start: Where it begins in the composition, in seconds.
        duration: How long it is heard, in seconds of the composition; None until its own end.
        media_start: Where in the file it begins, in seconds.
        volume: Linear gain.
        playback_rate: Seconds of the file per second of the composition.
    """

    path: str
    kind: str
    start: Fraction
    duration: Fraction | None
    media_start: Fraction
    volume: float
    playback_rate: Fraction


@dataclass(frozen=True, slots=True)
class CompositionFacts:
    """What the loaded page says about itself.

    Attributes:
        runtime: "hyperframes" when the published runtime drives it, else "page".
        width, height: Of the composition, in CSS pixels.
        scale: Device scale factor that makes the output size of it.
        duration: In seconds.
    """

    runtime: str
    width: int
    height: int
    scale: Fraction
    duration: Fraction
    media: tuple[MediaClip, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """One captured frame; `repeated` says that `picture` is the same as the frame before it had."""

    index: int
    picture: bytes
    repeated: bool
