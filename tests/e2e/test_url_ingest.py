"""A source that is fetched from a URL, on the deployed local AWS, from a server that breaks off."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from tests.e2e.clips import clip, run_ffmpeg
from tests.e2e.conftest import LocalAws
from tests.file_server import Behaviour, serving

SECRET = "s3cr3t-signature"


def _create(local_aws: LocalAws, url: str, **chosen: Any) -> dict[str, Any]:
    answer = local_aws.api("POST", "/v1/assets", json={"input": {"url": url}, **chosen})
    assert answer.status_code == 202, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_a_url_becomes_a_stream(local_aws: LocalAws, tmp_path: Path) -> None:
    """From a server that breaks off once: the rest alone is asked for, and the URL's query is nowhere to be found."""
    film = tmp_path / "film.mkv"
    raw = ["-c:v", "rawvideo", "-pix_fmt", "yuv420p"]
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=s=640x360:r=30:d=2", *raw, str(film))
    with serving(Behaviour(film.read_bytes(), cuts=[12_000_000])) as server:
        chosen = {"ladder": [240], "meta": {"creator_id": "ann"}, "passthrough": "p"}
        made = _create(local_aws, f"{server.url()}?token={SECRET}", **chosen)
        assert (made["status"], made["progress"]["state"]) == ("waiting", "ingesting")
        asset = local_aws.settled(made["id"])
        assert asset["status"] == "ready", asset["errors"]
        first, rest = server.behaviour.asked
        assert (first, rest) == (None, "bytes=12000000-")
    assert asset["source"]["size"] == film.stat().st_size
    assert asset["input"] == {"url": server.url()}
    assert [each["name"] for each in asset["renditions"]] == ["240p"]
    listed = local_aws.api("GET", "/v1/assets", params={"creator_id": "ann"}).json()["data"]
    assert [each["id"] for each in listed] == [asset["id"]]
    kept = local_aws.clients.dynamodb.scan(TableName=local_aws.source_bucket.partition("-source-")[0])["Items"]
    assert SECRET not in str(kept)
    said = local_aws.sluice("logs", asset["id"])
    assert asset["id"] in said.stdout, said.stderr
    assert SECRET not in said.stdout


def test_cancelling_ends_the_fetch(local_aws: LocalAws, tmp_path: Path) -> None:
    """Within seconds, from a server that would go on for minutes; no part and no URL stays."""
    film = clip(tmp_path / "clip.mp4", seconds=1)
    with serving(Behaviour(film.read_bytes() + bytes(30_000_000), pause_s=0.1)) as server:
        asset_id = _create(local_aws, server.url())["id"]
        until = time.monotonic() + 60
        while not server.behaviour.asked and time.monotonic() < until:
            time.sleep(0.1)
        assert local_aws.api("POST", f"/v1/assets/{asset_id}/cancel").json()["status"] == "cancelled"
        s3, prefix = local_aws.clients.s3, f"uploads/{asset_id}/"
        while _open(local_aws, prefix) and time.monotonic() < until:
            time.sleep(0.2)
        assert _open(local_aws, prefix) == []
        assert s3.list_objects_v2(Bucket=local_aws.source_bucket, Prefix=prefix)["KeyCount"] == 0
    again = local_aws.api("POST", f"/v1/assets/{asset_id}/retry")
    assert (again.status_code, again.json()["code"]) == (409, "asset-not-retryable")


def _open(local_aws: LocalAws, prefix: str) -> list[Any]:
    found = local_aws.clients.s3.list_multipart_uploads(Bucket=local_aws.source_bucket, Prefix=prefix)
    return list(found.get("Uploads", []))


def test_what_cannot_be_fetched_is_said(local_aws: LocalAws) -> None:
    """At once where the URL tells it, and on the asset where only its server does."""
    inside = local_aws.api("POST", "/v1/assets", json={"input": {"url": "https://169.254.169.254/latest/meta-data"}})
    assert (inside.status_code, inside.json()["code"]) == (422, "url-not-allowed")
    nowhere = local_aws.api("POST", "/v1/assets", json={"input": {"s3": "s3://somebody-else/film.mp4"}})
    assert (nowhere.status_code, nowhere.json()["code"]) == (422, "location-not-allowed")
    with serving(Behaviour(b"", status=404)) as server:
        asset = local_aws.settled(_create(local_aws, server.url())["id"])
    assert [error["code"] for error in asset["errors"]] == ["source-gone"]
