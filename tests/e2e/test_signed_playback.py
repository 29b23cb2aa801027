"""A signed asset plays with a token in its path, and without one for nobody."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.e2e.clips import clip, played_frames
from tests.e2e.conftest import LocalAws


def test_a_signed_asset_plays_behind_its_token_only(local_aws: LocalAws, tmp_path: Path) -> None:
    """Every segment that a player finds through the playlist is open to the token; the plain path is 403."""
    video = clip(tmp_path / "clip.mp4", seconds=4)
    body = {"filename": "clip.mp4", "size": video.stat().st_size, "asset": {"playback_policy": "signed"}}
    upload = local_aws.api("POST", "/v1/uploads", json=body).raise_for_status().json()
    for part in upload.get("parts") or [upload]:
        httpx.put(part["url"], content=video.read_bytes(), timeout=60).raise_for_status()
    local_aws.api("POST", f"/v1/uploads/{upload['id']}/complete", json={})
    asset = local_aws.settled(upload["asset_id"])
    assert (asset["status"], asset["playback"]["hls"]) == ("ready", None), asset["errors"]

    made = local_aws.api("POST", f"/v1/assets/{asset['id']}/tokens", json={}).raise_for_status().json()
    assert played_frames(made["video"]["hls"], "0:v:0") == {0: 120}
    manifest = httpx.get(made["video"]["dash"])
    assert manifest.status_code == 200
    assert "BaseURL" not in manifest.text  # so that its segments are below the token too
    listed = local_aws.api("GET", "/v1/assets?limit=1").raise_for_status().json()["data"][0]["images"]
    for pictures in (made["image"], asset["images"], listed):
        assert httpx.get(pictures["poster"]).status_code == 200
    for key in (asset["playback"]["hls_key"], asset["images"]["poster_key"]):
        assert httpx.get(f"{local_aws.base_url}/{key}").status_code == 403
    other = made["video"]["hls"].replace(made["token"], made["token"][:-2] + "AA")
    assert httpx.get(other).status_code == 403
