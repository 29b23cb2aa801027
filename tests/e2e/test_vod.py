"""The two ways of Video on Demand on AWS: a metadata file beside its video, and MediaConvert as the encoder."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import httpx
import m3u8

from tests.e2e.clips import clip, played_frames
from tests.e2e.conftest import LocalAws
from tests.mediaconvert import FAILING_TEMPLATE


def _put(local_aws: LocalAws, key: str, data: bytes) -> None:
    local_aws.clients.s3.put_object(Bucket=local_aws.source_bucket, Key=key, Body=data)


def _settled(local_aws: LocalAws, metadata_key: str) -> dict[str, Any]:
    """The asset of a metadata file, once nothing more will happen to it."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        for asset in local_aws.api("GET", "/v1/assets", params={"limit": 100}).raise_for_status().json()["data"]:
            if asset["metadata_key"] == metadata_key:
                return local_aws.settled(asset["id"])
        time.sleep(0.25)
    raise AssertionError(f"{metadata_key} brought no asset")


def test_a_metadata_file_publishes_the_video_that_it_names(local_aws: LocalAws, tmp_path: Path) -> None:
    """The video lies outside uploads/; the file's own ladder reaches the plan, and its other fields come back."""
    video = clip(tmp_path / "clip.mp4", seconds=3, size="1280x720")
    _put(local_aws, "films/one.mp4", video.read_bytes())
    fields = {"SrcVideo": "films/one.mp4", "ladder": [360], "ArchiveSource": "GLACIER", "cmsId": 7, "guid": "mine"}
    _put(local_aws, "uploads/one.json", json.dumps(fields).encode())

    asset = _settled(local_aws, "uploads/one.json")
    assert asset["status"] == "ready", asset["errors"]
    assert [rendition["height"] for rendition in asset["renditions"]] == [360]
    assert (asset["encoder"], asset["meta"], asset["archive"]) == ("lambda", {"cmsId": 7}, "GLACIER")
    tags = local_aws.clients.s3.get_object_tagging(Bucket=local_aws.source_bucket, Key="films/one.mp4")["TagSet"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"guid": asset["id"], "sluice-local": "GLACIER"}

    record = local_aws.api("GET", f"/v1/assets/{asset['id']}/vod").raise_for_status().json()
    assert (record["guid"], record["workflowStatus"], record["workflowTrigger"]) == (
        asset["id"],
        "Complete",
        "Metadata",
    )
    assert (record["srcVideo"], record["srcMetadataFile"], record["cmsId"]) == ("films/one.mp4", "uploads/one.json", 7)
    assert json.loads(record["srcMediainfo"])["video"][0]["height"] == 720
    assert httpx.get(record["hlsUrl"]).status_code == 200


def test_a_bad_metadata_file_is_an_errored_asset(local_aws: LocalAws) -> None:
    """Its error names the field."""
    _put(local_aws, "uploads/bad.json", b'{"srcVideo": "films/none.mp4", "inputRotate": "DEGREES_45"}')
    asset = _settled(local_aws, "uploads/bad.json")
    assert [error["code"] for error in asset["errors"]] == ["metadata-invalid"]
    assert "inputRotate" in asset["errors"][0]["message"]


def test_mediaconvert_encodes_what_asks_for_it(local_aws: LocalAws, tmp_path: Path) -> None:
    """The whole machine runs through that branch: a valid job, waited for by its token, its outputs on the asset."""
    video = clip(tmp_path / "clip.mp4", seconds=12, size="640x360")
    _put(local_aws, "films/two.mp4", video.read_bytes())
    _put(
        local_aws, "uploads/two.json", b'{"srcVideo": "films/two.mp4", "encoder": "mediaconvert", "frameCapture": true}'
    )

    asset = _settled(local_aws, "uploads/two.json")
    assert asset["status"] == "ready", asset["errors"]
    assert local_aws.mediaconvert.refused == []
    assert (asset["encoder"], asset["progress"]["percent"]) == ("mediaconvert", 100)
    request = local_aws.mediaconvert.requests[f"{asset['id']}-1"]
    heights = [out["VideoDescription"]["Height"] for out in request["Settings"]["OutputGroups"][0]["Outputs"]]
    assert heights == [360, 270]
    assert request["UserMetadata"]["guid"] == request["Tags"]["sluice:asset"] == asset["id"]

    assert played_frames(asset["playback"]["hls"], "0:v:0")[0] == 12 * 30
    assert m3u8.load(asset["playback"]["hls"]).segments
    assert httpx.get(asset["playback"]["dash"]).status_code == 200
    record = local_aws.api("GET", f"/v1/assets/{asset['id']}/vod").raise_for_status().json()
    assert record["encodeJobId"]
    assert record["cmafHlsUrl"] != record["hlsUrl"]
    assert len(record["thumbNailsUrls"]) == 2
    assert all(httpx.head(url).status_code == 200 for url in record["thumbNailsUrls"])
    assert asset["cost"]["breakdown"]["mediaconvert"] > 0


def test_a_job_that_fails_is_recorded(local_aws: LocalAws, tmp_path: Path) -> None:
    """Under MediaConvert's own words; and so is a template that is not there."""
    video = clip(tmp_path / "clip.mp4", seconds=2)
    _put(local_aws, "films/three.mp4", video.read_bytes())
    for name, template in (("failing", FAILING_TEMPLATE), ("missing", "no-such-template")):
        fields = {"srcVideo": "films/three.mp4", "jobTemplate": template}
        _put(local_aws, f"uploads/{name}.json", json.dumps(fields).encode())
    failed, missing = (_settled(local_aws, f"uploads/{name}.json") for name in ("failing", "missing"))
    assert failed["errors"] == [
        {"code": "media-convert-failed", "message": "MediaConvert error 1040: the stream can not be decoded"}
    ]
    assert [error["code"] for error in missing["errors"]] == ["job-template-missing"]
