"""Tokens of playback."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.catalog.asset import AssetStatus
from chalicelib.catalog.playback import opened_path
from chalicelib.usecases.playback import playback_secret
from tests.unit.catalog.samples import an_asset
from tests.unit.handlers.conftest import Api


@pytest.fixture
def signed_id(api: Api) -> str:
    """Of a ready asset that was asked to be signed."""
    upload = api("POST", "/v1/uploads", {"filename": "a", "size": 5, "asset": {"playback_policy": "signed"}})
    asset_id: str = upload.json_body["asset_id"]
    prefix = f"media/{asset_id}/p"
    ready = an_asset(status=AssetStatus.READY, hls_key=f"{prefix}/index.m3u8", poster_key=f"{prefix}/poster.jpg")
    del api.desk.table.items[f"asset#{asset_id}", "asset"]
    api.desk.table.create_asset(replace(ready, id=asset_id))
    return asset_id


def test_a_signed_asset_shows_pictures_and_no_streams(api: Api, signed_id: str) -> None:
    """Whoever may read it gets URLs of its pictures for one to two hours, in lists too; they open nothing else."""
    shown = api("GET", f"/v1/assets/{signed_id}").json_body
    assert (shown["playback"]["policy"], shown["playable"]) == ("signed", True)
    assert shown["playback"]["hls_key"].startswith("media/")
    assert (shown["playback"]["hls"], shown["playback"]["dash"]) == (None, None)
    assert api("GET", "/v1/assets").json_body["data"][0]["images"] == shown["images"]
    path = shown["images"]["poster"].removeprefix("https://media.test/media/")
    secret, now_s = playback_secret(api.desk.table), api.desk.clock() // 1000
    assert opened_path(path, secret, now_s=now_s + 3599) == f"{signed_id}/p/poster.jpg"
    assert opened_path(path, secret, now_s=now_s + 7200) is None
    assert opened_path(path.replace("poster.jpg", "index.m3u8"), secret, now_s=now_s) is None


def test_a_token_opens_what_was_asked_for(
    api: Api, signed_id: str, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """Its URLs are the keys behind the token, until its end; the log has neither the token nor the secret."""
    answer = api("POST", f"/v1/assets/{signed_id}/tokens", {"types": ["video"], "ttl": 60})
    made, secret, now_s = answer.json_body, playback_secret(api.desk.table), api.desk.clock() // 1000
    assert answer.status_code == 201
    assert "image" not in made
    path = made["video"]["hls"].removeprefix("https://media.test/media/")
    assert opened_path(path, secret, now_s=now_s) == f"{signed_id}/p/index.m3u8"
    assert opened_path(path, secret, now_s=now_s + 60) is None
    assert opened_path(path.replace("index.m3u8", "poster.jpg"), secret, now_s=now_s) is None
    written = str(log_lines())
    assert made["token"] not in written
    assert secret not in written


def test_types_and_time_are_checked(api: Api, signed_id: str) -> None:
    """A minute to a week, and known types; an unknown asset has no tokens."""
    bodies: tuple[dict[str, object], ...] = ({"types": []}, {"types": ["all"]}, {"ttl": 59}, {"ttl": 604_801})
    for body in bodies:
        assert api("POST", f"/v1/assets/{signed_id}/tokens", body).status_code == 422
    assert api("POST", "/v1/assets/as_01mcc5rm00zzzzzzzzzzzzzzzz/tokens").status_code == 404


def test_there_is_one_secret(api: Api) -> None:
    """Whoever asks first makes it, and everybody gets that one."""
    assert playback_secret(api.desk.table) == playback_secret(api.desk.table)
    assert api.desk.table.keep_playback_secret("another") != "another"
