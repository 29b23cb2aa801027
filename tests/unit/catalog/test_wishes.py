"""From a request to what is made, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from chalicelib.catalog.asset import Asset, RenditionInfo
from chalicelib.catalog.ids import is_id
from chalicelib.catalog.rendition import RENDITION_PREFIX, RenditionType, RenditionWish, rendition_id
from chalicelib.catalog.wishes import RenditionRequest, choose_wish
from chalicelib.errors import RenditionUnsuitable
from tests.unit.catalog.samples import ASSET_ID, PLAN_HASH, a_rendition, an_asset

RUNGS = tuple(
    RenditionInfo(name, width, height, 1)
    for name, width, height in (
        ("720p", 1280, 720),
        ("480p", 640, 480),
        ("240p", 320, 240),
        ("720p-hevc", 1280, 720),
    )
)
DURATION = Fraction(30)


def _asset(**changes: Any) -> Asset:
    return an_asset(**{"renditions": RUNGS, "duration": DURATION, **changes})


def _wish(kind: str, asset: Asset | None = None, **request: Any) -> RenditionWish:
    return choose_wish(RenditionRequest(kind=kind, **request), asset or _asset())


def test_an_mp4_is_the_tallest_in_h264() -> None:
    """Unless a height is asked for, of the picture or of the rung's name."""
    assert _wish("mp4") == RenditionWish(RenditionType.MP4, "720p")
    assert _wish("mp4", height=480).rung == "480p"
    standing = _asset(renditions=(RenditionInfo("720p", 720, 1280, 1),))
    assert _wish("mp4", standing, height=720).rung == _wish("mp4", standing, height=1280).rung == "720p"


@pytest.mark.parametrize("end", [None, DURATION, Fraction(99)])
def test_the_whole_is_the_whole_however_it_is_said(end: Fraction | None) -> None:
    """An end at or behind the asset's own is no end, so the same file is made once."""
    assert _wish("mp4", start=Fraction(0), end=end) == _wish("mp4")
    assert _wish("m4a", end=end).is_whole
    assert not _wish("m4a", start=Fraction(1), end=end).is_whole


def test_a_preview_has_defaults() -> None:
    """Five seconds, 320 pixels, 15 pictures a second, out of the smallest rung that has the pixels."""
    assert _wish("gif") == RenditionWish(RenditionType.GIF, "240p", Fraction(0), Fraction(5), width=320, fps=15)
    assert _wish("webp", fps=30).fps == 30
    assert _wish("avif", width=500).rung == "480p"
    assert _wish("gif", height=720, width=640).rung == "720p"


def test_a_preview_is_never_enlarged() -> None:
    """It is as wide as its rung at most, and even."""
    narrow = _asset(renditions=(RenditionInfo("90p", 161, 90, 1),))
    assert _wish("gif", narrow).width == 160
    assert _wish("gif", height=240, width=640).width == 320
    assert _wish("gif", width=101).width == 100


def test_a_preview_ends_with_the_asset() -> None:
    """Its five seconds are cut short there."""
    assert _wish("gif", start=Fraction(28)).end is None


@pytest.mark.parametrize(
    ("kind", "request_", "reason"),
    [
        ("mp4", {"height": 1080}, "720p, 480p, 240p"),
        ("mp4", {"width": 320}, "previews"),
        ("mp4", {"fps": 5}, "previews"),
        ("m4a", {"height": 720}, "no height"),
        ("mp4", {"start": DURATION}, "behind the end"),
        ("gif", {"start": Fraction(31)}, "behind the end"),
        ("m4a", {"start": Fraction(3), "end": Fraction(3)}, "before it begins"),
        ("gif", {"end": Fraction(11)}, "at most 10 seconds"),
    ],
)
def test_what_cannot_be_made_is_refused(kind: str, request_: dict[str, Any], reason: str) -> None:
    """With the reason, and with what there is instead."""
    with pytest.raises(RenditionUnsuitable, match=reason):
        _wish(kind, **request_)


def test_an_asset_must_have_what_is_asked_for() -> None:
    """Neither sound from a silent one, nor pictures from sound."""
    with pytest.raises(RenditionUnsuitable, match="no sound"):
        _wish("m4a", _asset(tracks=()))
    for kind in ("mp4", "gif"):
        with pytest.raises(RenditionUnsuitable, match="no picture"):
            _wish(kind, _asset(renditions=()))


def test_the_same_wish_has_the_same_id() -> None:
    """Another asset, plan or wish has another; it looks like every id."""
    wish = RenditionWish(RenditionType.MP4, "720p", Fraction(1, 3))
    made = rendition_id(ASSET_ID, PLAN_HASH, wish)
    assert is_id(made, RENDITION_PREFIX)
    assert made == rendition_id(ASSET_ID, PLAN_HASH, replace(wish))
    others = {
        rendition_id(f"{ASSET_ID}0", PLAN_HASH, wish),
        rendition_id(ASSET_ID, PLAN_HASH[::-1], wish),
        rendition_id(ASSET_ID, PLAN_HASH, replace(wish, end=Fraction(1))),
        rendition_id(ASSET_ID, PLAN_HASH, replace(wish, start=Fraction(1, 4))),
        rendition_id(ASSET_ID, PLAN_HASH, replace(wish, type=RenditionType.M4A)),
    }
    assert len(others | {made}) == 6


def test_a_record_made_anew_has_another_object() -> None:
    """So a worker of the old one cannot touch it; both lie below the asset's publication."""
    old, new = a_rendition(), a_rendition(created_at_ms=1)
    assert old.key != new.key
    assert all(key.startswith(f"media/{ASSET_ID}/{PLAN_HASH[:16]}/static/rd_") for key in (old.key, new.key))
    assert old.key.endswith(".mp4")
