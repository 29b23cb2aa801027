"""Standard input plays before its ladder is encoded, on the deployed local AWS."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx

from tests.e2e.clips import clip, played_frames
from tests.e2e.conftest import LocalAws


def test_a_standard_clip_plays_before_it_is_ready(local_aws: LocalAws, tmp_path: Path) -> None:
    """The early playlist plays the source whole, and still does after the ladder has taken its place."""
    source = clip(tmp_path / "clip.mp4", seconds=30, size="1280x720")
    done = local_aws.sluice("upload", str(source), "--json")
    assert done.returncode == 0, done.stderr
    asset_id = httpx.Response(200, text=done.stdout).json()["id"]

    early = _playable(local_aws, asset_id)
    assert early["status"] == "preparing"
    assert early["playback"]["dash"] is None
    url = early["playback"]["hls"]
    assert "/media/early/" in url
    assert "source/index.m3u8" in httpx.get(url).raise_for_status().text
    assert "#EXTINF" in httpx.get(urljoin(url, "source/index.m3u8")).raise_for_status().text

    ready = local_aws.settled(asset_id)
    assert ready["status"] == "ready", ready["errors"]
    assert ready["playback"]["hls"] != url
    assert "/media/early/" not in ready["playback"]["hls"]
    assert "source/" not in httpx.get(ready["playback"]["hls"]).raise_for_status().text
    assert "#EXT-X-ENDLIST" in httpx.get(urljoin(url, "source/index.m3u8")).raise_for_status().text
    assert played_frames(url, "0:v:0")[0] == 30 * 30

    assert local_aws.api("DELETE", f"/v1/assets/{asset_id}").status_code == 202
    assert httpx.get(url).status_code == 404


def _playable(local_aws: LocalAws, asset_id: str) -> dict[str, Any]:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        asset: dict[str, Any] = local_aws.api("GET", f"/v1/assets/{asset_id}").raise_for_status().json()
        if asset["playable"]:
            return asset
        time.sleep(0.05)
    raise AssertionError(f"{asset_id} is not playable: {asset}")
