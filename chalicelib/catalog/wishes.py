"""From a request to a wish: defaults are put in, and what this asset or deployment has not is refused. Pure.

The same request always becomes the same wish, and requests that mean the same do too.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from chalicelib.catalog.asset import Asset, RenditionInfo, TrackType
from chalicelib.catalog.rendition import PREVIEWS, RenditionType, RenditionWish
from chalicelib.errors import RenditionUnsuitable

PREVIEW_WIDTH, PREVIEW_FPS = 320, 15
PREVIEW_S, MAX_PREVIEW_S = Fraction(5), Fraction(10)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenditionRequest:
    """What a client asks for; None takes the default. `kind` is a RenditionType, times are seconds, `width` pixels."""

    kind: str
    height: int | None = None
    start: Fraction | None = None
    end: Fraction | None = None
    width: int | None = None
    fps: int | None = None


def choose_wish(request: RenditionRequest, asset: Asset) -> RenditionWish:
    """Raises RenditionUnsuitable."""
    kind = RenditionType(request.kind)
    start, end = _range(request, asset)
    if kind in PREVIEWS:
        return _preview(kind, request, asset, start, end)
    if request.width is not None or request.fps is not None:
        raise RenditionUnsuitable("width and fps are those of previews; an mp4 has those of its height")
    if kind is RenditionType.MP4:
        return RenditionWish(kind, _rung(asset, request.height).name, start, end)
    if request.height is not None:
        raise RenditionUnsuitable("sound has no height")
    if not any(track.type is TrackType.AUDIO for track in asset.tracks):
        raise RenditionUnsuitable("the asset has no sound")
    return RenditionWish(kind, None, start, end)


def _range(request: RenditionRequest, asset: Asset) -> tuple[Fraction, Fraction | None]:
    """The end is None if it is the asset's own."""
    start, end = request.start or Fraction(0), request.end
    if asset.duration is not None:
        end = None if end is not None and end >= asset.duration else end
        if start >= asset.duration:
            raise RenditionUnsuitable("the range begins behind the end of the asset")
    if end is not None and end <= start:
        raise RenditionUnsuitable("the range ends before it begins")
    return start, end


def _preview(
    kind: RenditionType, request: RenditionRequest, asset: Asset, start: Fraction, end: Fraction | None
) -> RenditionWish:
    if request.end is not None and request.end - start > MAX_PREVIEW_S:
        raise RenditionUnsuitable(f"a preview has at most {MAX_PREVIEW_S} seconds")
    until = end if request.end is not None else start + PREVIEW_S
    if until is not None and asset.duration is not None and until >= asset.duration:
        until = None
    width = request.width or PREVIEW_WIDTH
    rung = _rung(asset, request.height)
    if request.height is None:
        # The smallest that has the pixels: the least to read and to decode.
        rung = min((each for each in _h264(asset) if each.width >= width), key=_width, default=rung)
    # Never enlarged; and even, which AV1 wants.
    width = min(width, rung.width) // 2 * 2
    return RenditionWish(kind, rung.name, start, until, width=width, fps=request.fps or PREVIEW_FPS)


def _rung(asset: Asset, height: int | None) -> RenditionInfo:
    """The published rung of a height, in the codec that everything plays; the tallest by default."""
    rungs = _h264(asset)
    if not rungs:
        raise RenditionUnsuitable("the asset has no picture")
    if height is None:
        return rungs[0]
    for rung in rungs:
        if height == rung.height or rung.name == f"{height}p":
            return rung
    published = ", ".join(rung.name for rung in rungs)
    raise RenditionUnsuitable(f"no rendition of this height is published; there are {published}")


def _h264(asset: Asset) -> list[RenditionInfo]:
    """Tallest first. Renditions in other codecs carry the codec's name behind their own."""
    return [rung for rung in asset.renditions if "-" not in rung.name]


def _width(rung: RenditionInfo) -> int:
    return rung.width
