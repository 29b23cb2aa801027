"""What /embed says of an asset to who has no key."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.catalog.asset import AssetStatus, TrackInfo, TrackType
from chalicelib.catalog.playback import MediaKind
from chalicelib.usecases.playback import make_token
from tests.unit.catalog.samples import an_asset
from tests.unit.handlers.conftest import Api

OPEN = {"Authorization": ""}
PUBLIC = "as_01mcc5rm00zzzzzzzzzzzzzzzz"
SIGNED = "as_01mcc5rm00zzzzzzzzzzzzsgnd"
BASE = "https://media.test/media"


@pytest.fixture(autouse=True)
def assets(api: Api) -> None:
    """One public, one signed: ready, with a poster, a subtitle, and a name that nobody shall see."""
    for asset_id in (PUBLIC, SIGNED):
        text = TrackInfo(TrackType.TEXT, "fr", "fr", 0, key=f"media/{asset_id}/p/text/subtitles.vtt")
        made = an_asset(
            status=AssetStatus.READY,
            hls_key=f"media/{asset_id}/p/index.m3u8",
            poster_key=f"media/{asset_id}/p/poster.jpg",
            tracks=(text,),
            filename="internal-draft.mp4",
            meta={"title": "A title", "customer": "c1"},
        )
        api.desk.table.create_asset(replace(made, id=asset_id))


def token(api: Api, *kinds: MediaKind, ttl_s: int = 60) -> str:
    asset = api.desk.table.get_asset(SIGNED)
    return make_token(asset, kinds, api.desk.table, ttl_s=ttl_s, now_ms=api.desk.clock()).value


def test_a_public_asset_is_told_to_all(api: Api) -> None:
    """URLs, the title that its owner gave it, and nothing else of what they know."""
    answer = api("GET", f"/embed/{PUBLIC}/playback", headers=OPEN)
    told = answer.json_body
    assert (answer.status_code, told["playable"], told["title"]) == (200, True, "A title")
    assert told["playback"]["hls"] == f"{BASE}/{PUBLIC}/p/index.m3u8"
    assert told["tracks"][0]["url"] == f"{BASE}/{PUBLIC}/p/text/subtitles.vtt"
    for hidden in (b"internal-draft", b"customer", b"cost", b"source"):
        assert hidden not in answer.body


def test_a_signed_asset_is_told_to_its_token(api: Api) -> None:
    """Every URL holds the token; kinds that it does not open have none."""
    both = token(api, MediaKind.VIDEO, MediaKind.IMAGE)
    told = api("GET", f"/embed/{SIGNED}/playback?token={both}", headers=OPEN).json_body
    assert told["playback"]["hls"] == f"{BASE}/t/{both}/{SIGNED}/p/index.m3u8"
    assert told["images"]["poster"] == f"{BASE}/t/{both}/{SIGNED}/p/poster.jpg"
    assert told["tracks"][0]["url"] == f"{BASE}/t/{both}/{SIGNED}/p/text/subtitles.vtt"
    video = token(api, MediaKind.VIDEO)
    told = api("GET", f"/embed/{SIGNED}/playback?token={video}", headers=OPEN).json_body
    assert (told["images"]["poster"], told["playable"]) == (None, True)


def test_without_its_token_a_signed_asset_is_closed(api: Api) -> None:
    """None, a forged one, one that opens pictures only, one whose time is over: all hear the same."""
    genuine = token(api, MediaKind.VIDEO)
    for wrong in (
        "",
        "x",
        genuine[:-1],
        f"{genuine}/..",
        token(api, MediaKind.IMAGE),
        token(api, MediaKind.VIDEO, ttl_s=-1),
    ):
        answer = api("GET", f"/embed/{SIGNED}/playback?token={wrong}", headers=OPEN)
        assert (answer.status_code, answer.json_body["code"]) == (403, "playback-token-invalid"), wrong
        assert b"title" not in answer.body.replace(b'"title":', b"")


@pytest.mark.parametrize("asset_id", ["as_01mcc5rm0000000000000000zz", "nonsense"])
def test_what_is_not_there_is_not_found(api: Api, asset_id: str) -> None:
    """Whatever is asked for."""
    answer = api("GET", f"/embed/{asset_id}/playback", headers=OPEN)
    assert (answer.status_code, answer.json_body["code"]) == (404, "asset-not-found")
