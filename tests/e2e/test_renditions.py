"""Files on request, a clip as an asset of its own, and the master, through the API of the deployed local AWS."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx

from tests.browser import chromium
from tests.e2e.clips import clip, played_frames
from tests.e2e.conftest import LocalAws


def _made(local_aws: LocalAws, asset_id: str, **wanted: Any) -> dict[str, Any]:
    """Ask for a rendition, and poll it until nothing more will happen to it."""
    path = f"/v1/assets/{asset_id}/renditions"
    answer = local_aws.api("POST", path, json=wanted)
    assert answer.status_code == 202, answer.text
    made: dict[str, Any] = answer.json()
    until = time.monotonic() + 60
    while made["status"] == "preparing" and time.monotonic() < until:
        time.sleep(0.1)
        made = local_aws.api("GET", f"{path}/{made['id']}").raise_for_status().json()
    assert made["status"] == "ready", made
    return made


def test_files_and_clips_of_one_asset(local_aws: LocalAws, tmp_path: Path) -> None:
    """An MP4, a clip of it, its sound and a preview play; a clip becomes an asset that outlives the first one."""
    source = clip(tmp_path / "clip.mp4", seconds=5)
    asset_id = local_aws.publish(source)["id"]

    whole = _made(local_aws, asset_id, type="mp4")
    assert played_frames(whole["url"], "0:v")[0] == 5 * 30
    assert whole["size_bytes"] == int(httpx.head(whole["url"]).headers["Content-Length"])
    cut = _made(local_aws, asset_id, type="mp4", height=360, start=0.5, end=3.1)
    assert played_frames(cut["url"], "0:v")[0] == 78
    sound = _made(local_aws, asset_id, type="m4a")
    assert abs(played_frames(sound["url"], "0:a")[0] * 1024 / 48_000 - 5) < 0.05
    preview = _made(local_aws, asset_id, type="gif", end=2, fps=10)
    assert played_frames(preview["url"], "0:v")[0] == 20

    shown = local_aws.api("GET", f"/v1/assets/{asset_id}").json()
    assert {each["id"] for each in shown["static_renditions"]} == {each["id"] for each in (whole, cut, sound, preview)}
    assert shown["images"]["animated"] == preview["url"]
    listed = local_aws.sluice("renditions", "ls", asset_id, "--json")
    assert cut["id"] in listed.stdout, listed.stderr

    assert local_aws.api("DELETE", f"/v1/assets/{asset_id}/renditions/{cut['id']}").status_code == 202
    assert httpx.head(cut["url"]).status_code == 404

    master = local_aws.api("GET", f"/v1/assets/{asset_id}/master").raise_for_status().json()
    assert httpx.get(master["url"]).content == source.read_bytes()

    answer = local_aws.api("POST", "/v1/assets", json={"input": {"asset": asset_id, "start": 1, "end": 3.5}})
    assert answer.status_code == 202, answer.text
    part = local_aws.settled(answer.json()["id"])
    assert (part["status"], part["duration"]) == ("ready", 2.5), part["errors"]
    cues = {"language": "de", "text": "00:00:00.000 --> 00:00:01.000\nGuten Tag"}
    assert local_aws.api("POST", f"/v1/assets/{asset_id}/tracks", json=cues).status_code == 201
    assert local_aws.api("DELETE", f"/v1/assets/{asset_id}").status_code == 202
    _check_purged(local_aws, asset_id)
    for gone in (whole, sound, preview):
        assert httpx.head(gone["url"]).status_code == 404
    assert played_frames(part["playback"]["hls"], "0:v:0")[0] == 75
    assert local_aws.api("GET", f"/v1/assets/{part['id']}/master").status_code == 200


def _check_purged(local_aws: LocalAws, asset_id: str) -> None:
    """No object of it is in either bucket; in the table there is nothing but what DynamoDB will forget."""
    s3 = local_aws.clients.s3
    for bucket in (local_aws.source_bucket, local_aws.source_bucket.replace("-source-", "-media-")):
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        assert [each["Key"] for page in pages for each in page.get("Contents", []) if asset_id in each["Key"]] == []
        assert asset_id not in str(s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []))
    table = local_aws.source_bucket.partition("-source-")[0]
    scanned = local_aws.clients.dynamodb.get_paginator("scan").paginate(TableName=table)
    kept = [item for page in scanned for item in page["Items"] if asset_id in str(item)]
    assert {item["sk"]["S"] for item in kept if item["pk"]["S"] == f"asset#{asset_id}"} <= {"asset", "work"}
    assert [(item["pk"]["S"], item["sk"]["S"]) for item in kept if "expires_at" not in item] == []


PLAY = """async (url) => {
  const video = document.createElement("video");
  Object.assign(video, {muted: true, src: url});
  const shown = [];
  const note = (_, frame) => { shown.push(frame.mediaTime); video.requestVideoFrameCallback(note); };
  video.requestVideoFrameCallback(note);
  const end = new Promise((resolve, reject) => {
    video.onended = resolve;
    video.onerror = () => reject(new Error(video.error.message));
  });
  document.body.append(video);
  video.playbackRate = 2;
  await video.play();
  await end;
  return {duration: video.duration, first: shown[0], last: shown.at(-1), width: video.videoWidth};
}"""
SHOW = """async (url) => {
  const image = new Image();
  image.src = url;
  await image.decode();
  return [image.naturalWidth, image.naturalHeight];
}"""


def test_a_browser_plays_what_is_made(local_aws: LocalAws, tmp_path: Path) -> None:
    """The file and its clip from their first picture at nought to their last, and every kind of preview."""
    asset_id = local_aws.publish(clip(tmp_path / "clip.mp4", seconds=5))["id"]
    whole = _made(local_aws, asset_id, type="mp4")
    cut = _made(local_aws, asset_id, type="mp4", start=0.5, end=3.1)
    previews = [_made(local_aws, asset_id, type=kind, width=160, end=1) for kind in ("gif", "avif", "webp")]
    with chromium() as browser:
        page = browser.new_page()
        page.goto(local_aws.base_url)
        for made, seconds in ((whole, 5), (cut, 2.6)):
            played = page.evaluate(PLAY, made["url"])
            assert abs(played["duration"] - seconds) < 0.05
            assert played["first"] < 0.1
            assert abs(played["last"] - (seconds - 1 / 30)) < 0.1
            assert played["width"] == 640
        for preview in previews:
            assert page.evaluate(SHOW, preview["url"]) == [160, 90]
