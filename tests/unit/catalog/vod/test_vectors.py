"""What Video on Demand on AWS was seen to answer, and what we answer to the same.

Every vector of the fixture either passes here or is listed with the reason why it does not.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import pytest

from chalicelib.catalog.asset import (
    Asset,
    AssetStatus,
    EncodingJob,
    MetadataFile,
    Outputs,
    Packaged,
    SourceInfo,
    VideoInfo,
)
from chalicelib.catalog.options import Archive, AssetOptions
from chalicelib.catalog.vod import mediainfo
from chalicelib.catalog.vod.archive import archive_tags
from chalicelib.catalog.vod.job import JobOrder, job_request
from chalicelib.catalog.vod.messages import complete_message, error_message, ingest_message
from chalicelib.catalog.vod.metadata import parse_metadata
from chalicelib.catalog.vod.outcome import outputs_of
from chalicelib.catalog.vod.packaging import endpoints_of, package_request, source_arn
from chalicelib.catalog.vod.profile import template_names
from chalicelib.catalog.vod.record import Workflow, vod_record
from chalicelib.catalog.vod.triggers import Trigger, trigger_of
from chalicelib.errors import ExtensionNotAllowed, MetadataInvalid
from tests.unit.catalog.samples import an_asset

VECTORS = {
    vector["id"]: vector
    for vector in json.loads((Path(__file__).parents[3] / "fixtures" / "vod_on_aws.json").read_text())["vectors"]
}
EXTENSIONS = ("mp4", "mpg", "mpeg", "m4v", "mov", "m2ts", "mts", "ts", "avi", "mkv", "wmv", "flv", "webm", "3gp")

ONE_MACHINE = "one state machine runs from probe to ready; there is no second one to start"
NO_CUSTOM_RESOURCE = "no custom resources: what they make is declared in .chalice/resources.yaml"
RECORDED = "raised under an error of our table and recorded on the asset; tests/unit/usecases tests it"
TYPED = "the status is our own enumeration: a record without one does not exist"
SENT_AGAIN = "an outlet that fails is tried again, then left to the sweep: tests/unit/usecases/test_notify.py"
NEVER_UPSCALED = "the nearest template is above the source, which would be enlarged"
ELSEWHERE: dict[str, str] = {
    "trigger/process": ONE_MACHINE,
    "trigger/publish": ONE_MACHINE,
    "trigger/start-fails": RECORDED,
    "input-validate/env-not-json": "switches are on or off; tests/unit/test_settings.py refuses other words by name",
    "input-validate/metadata-source-missing": RECORDED,
    "profiler/h901": NEVER_UPSCALED,
    "profiler/h2159": NEVER_UPSCALED,
    "profiler/h1600": "3840 pixels wide is UHD, which its shown size decides, not its height alone",
    "profiler/string-height": "sizes are numbers on our record, whatever MediaInfo wrote",
    "encode/template-missing": RECORDED,
    "kurokood/encode/fallback-other-error": "tests/contract/test_mediaconvert.py: only NotFound leads to the next name",
    "output-validate/thumbnails-none": RECORDED,
    "media-package-assets/no-hls": RECORDED,
    "sns/undefined-status": TYPED,
    "sqs/error": SENT_AGAIN,
    "error-handler/mediaconvert": RECORDED,
    "custom-resource/s3/metadata": NO_CUSTOM_RESOURCE,
    "custom-resource/mediaconvert/create": NO_CUSTOM_RESOURCE,
    "custom-resource/mediaconvert/update-new": NO_CUSTOM_RESOURCE,
    "custom-resource/mediaconvert/endpoint": "DescribeEndpoints is deprecated; the regional endpoint serves",
    "custom-resource/mediapackage/create-dups": NO_CUSTOM_RESOURCE,
    "custom-resource/mediapackage/create-none": NO_CUSTOM_RESOURCE,
    "custom-resource/mediapackage/purge-not-found": NO_CUSTOM_RESOURCE,
    "custom-resource/cloudfront/no-domain": NO_CUSTOM_RESOURCE,
    "custom-resource/cloudfront/precondition": NO_CUSTOM_RESOURCE,
    **{f"state-machine/{name}": ONE_MACHINE for name in ("ingest/sns-on", "process/1080-preferred", "process/frame")},
    **{f"state-machine/publish/{name}": ONE_MACHINE for name in ("default", "deep", "quiet")},
}

Vector = dict[str, Any]
WORKFLOW = Workflow(
    name="vod",
    dest_bucket="dst-bucket",
    cloud_front="d111.cloudfront.net",
    job_templates=("T2160", "T1080", "T720"),
    frame_capture=True,
    archive_source=Archive.DISABLED,
    input_rotate="DEGREE_0",
    accelerated_transcoding="PREFERRED",
    enable_sns=True,
    enable_sqs=False,
    enable_media_package=False,
)


def _bare(**changes: Any) -> Asset:
    """An asset that nothing is known of but where its source is."""
    empty = Asset(
        id="g-1",
        status=AssetStatus.WAITING,
        state=an_asset().state,
        created_at_ms=0,
        updated_at_ms=0,
        source_bucket="src-bucket",
        source_key="v.mp4",
    )
    return replace(empty, **changes)


def _trigger(vector: Vector) -> None:
    key = unquote_plus(vector["input"]["event"]["Records"][0]["s3"]["object"]["key"])
    chosen: dict[str, Any] = {
        "triggers": (Trigger.VIDEO, Trigger.METADATA),
        "metadata_prefix": "uploads/",
        "metadata_extensions": ("json",),
        "video_extensions": EXTENSIONS if vector["source"] == "kurokood" else ("*",),
    }
    if "error" in vector["expect"]:
        with pytest.raises(ExtensionNotAllowed):
            trigger_of(f"uploads/{key}", **chosen)
        return
    (call,) = vector["expect"]["aws_calls"]
    assert trigger_of(f"uploads/{key}", **chosen) == json.loads(call["params"]["input"])["workflowTrigger"]


def _input_validate(vector: Vector) -> None:
    event = vector["input"]["event"]
    key = unquote_plus(event["Records"][0]["s3"]["object"]["key"])
    if event["workflowTrigger"] == "Video":
        record = vod_record(_bare(source_key=key), WORKFLOW)
    else:
        body = vector["input"]["aws_responses"]["S3.getObject"]["body"].encode()
        if "error" in vector["expect"]:
            with pytest.raises(MetadataInvalid):
                parse_metadata(body)
            return
        found = parse_metadata(body)
        chosen = found.options
        workflow = replace(
            WORKFLOW,
            archive_source=chosen.archive_source or WORKFLOW.archive_source,
            frame_capture=WORKFLOW.frame_capture if chosen.frame_capture is None else chosen.frame_capture,
            input_rotate=chosen.input_rotate or WORKFLOW.input_rotate,
        )
        asset = _bare(
            source_bucket=found.src_bucket or "src-bucket",
            source_key=found.src_video,
            options=chosen,
            meta=dict(found.extra),
            metadata=MetadataFile("src-bucket", key, "etag", 1),
        )
        record = vod_record(asset, workflow)
    expected = vector["expect"]["return"]
    assert record | {"startTime": "<ISO8601>"} == expected


def _profiler(vector: Vector) -> None:
    item = vector["input"]["aws_responses"]["DynamoDBDocument.get"]["Item"]
    (video,) = json.loads(item["srcMediainfo"])["video"]
    options = AssetOptions(job_template=item.get("jobTemplate") or vector["input"]["event"].get("jobTemplate"))
    info = SourceInfo("mp4", VideoInfo("AVC", video["width"], video["height"], 0, None), ())
    record = vod_record(_bare(source_info=info, options=options), WORKFLOW)
    expected = vector["expect"]["return"]
    names = ["srcHeight", "srcWidth"]
    if vector["source"] == "SO0021":
        # The port's profile is the source's height, and every template custom; ours are as in the original.
        names += ["encodingProfile", "jobTemplate", "isCustomTemplate"]
    elif video["width"] > video["height"]:
        names += ["jobTemplate"]
    assert {name: record[name] for name in names} == {name: expected[name] for name in names}
    captured = (record["frameCaptureWidth"], record["frameCaptureHeight"])
    assert captured[0] <= video["width"]
    assert captured[1] <= video["height"]


def _encode(vector: Vector) -> None:
    event = vector["input"]["event"]
    expected = vector["expect"]["return"]["encodingJob"]
    answers = vector["input"]["aws_responses"]["MediaConvert.getJobTemplate"]
    by_name = answers.get("byName", {event["jobTemplate"]: answers})
    name = next(name for name in template_names(event["jobTemplate"]) if name in by_name)
    looked_up = [call for call in vector["expect"]["aws_calls"] if call["call"] == "MediaConvert.getJobTemplate"]
    names = template_names(event["jobTemplate"])
    assert [call["params"]["Name"] for call in looked_up] == list(names[: names.index(name) + 1])
    order = JobOrder(
        template={"Name": name, **by_name[name]["JobTemplate"]},
        custom=True,
        source_uri=f"s3://{event['srcBucket']}/{event['srcVideo']}",
        destination=f"s3://{event['destBucket']}/{event['guid']}/",
        role_arn="arn:role",
        rotate=event["inputRotate"],
        acceleration=event["acceleratedTranscoding"],
        size=(1920, 1080),
        has_audio=True,
        capture=None,
        metadata={"guid": event["guid"], "workflow": event["workflowName"]},
        tags={"SolutionId": "SO0021"},
    )
    assert job_request(order) == expected


def _output_validate(vector: Vector) -> None:
    detail = vector["input"]["event"]["detail"]
    item = vector["input"]["aws_responses"]["DynamoDBDocument.get"]["Item"]
    expected = vector["expect"]["return"]
    workflow = replace(WORKFLOW, dest_bucket=item["destBucket"], cloud_front=item["cloudFront"], frame_capture=False)
    asset = _bare(id=item["guid"], status=AssetStatus.READY, outputs=outputs_of(detail["outputGroupDetails"]))
    record = vod_record(asset, workflow)
    # The event itself is not kept: what it says is on the record by role.
    wanted = {name: value for name, value in expected.items() if name not in ("encodingOutput", "endTime")}
    assert {name: record[name] for name in wanted} == wanted
    assert {name for name in record if "Playlist" in name or "Url" in name or name == "mp4Outputs"} <= wanted.keys()


def _archive(vector: Vector) -> None:
    event = vector["input"]["event"]
    tags = archive_tags(event.get("guid", "g"), "mystack", Archive(event["archiveSource"]))
    calls = vector["expect"]["aws_calls"]
    expected = {tag["Key"]: tag["Value"] for call in calls for tag in call["params"]["Tagging"]["TagSet"]}
    assert tags == expected


def _package(vector: Vector) -> None:
    event, env = vector["input"]["event"], vector["input"]["env"]
    (call,) = vector["expect"]["aws_calls"]
    request = package_request(
        uri=event["hlsPlaylist"],
        identity="<HEX32>",
        group=env["GroupId"],
        role_arn=env["MediaPackageVodRole"],
        tags={"SolutionId": "SO0021"},
    )
    assert request == call["params"]
    egress = vector["input"]["aws_responses"]["MediaPackageVod.createAsset"]["EgressEndpoints"]
    expected = vector["expect"]["return"]
    endpoints = endpoints_of(egress, event["cloudFront"])
    record = vod_record(_bare(packaged=Packaged("<HEX32>", endpoints)), WORKFLOW)
    assert record["mediaPackageResourceId"] == expected["mediaPackageResourceId"]
    assert record["egressEndpoints"] == expected["egressEndpoints"]


def _arn(vector: Vector) -> None:
    if "error" in vector["expect"]:
        with pytest.raises(ValueError, match=vector["expect"]["error"]):
            source_arn(vector["input"]["event"])
        return
    assert source_arn(vector["input"]["event"]) == vector["expect"]["return"]


def _mediainfo(read: Callable[[Any], Any]) -> Callable[[Vector], None]:
    def check(vector: Vector) -> None:
        if "error" in vector["expect"]:
            with pytest.raises(ValueError, match=r".+"):
                read(vector["input"])
            return
        found = read(vector["input"])
        assert found == vector["expect"]["return"]
        assert _types(found) == vector["expect"]["types"]

    return check


def _types(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: type(inner).__name__ for name, inner in value.items()}
    return type(value).__name__


def _mediainfo_handler(vector: Vector) -> None:
    tracks = vector["input"]["mediainfo_output"]["media"]["track"]
    found = mediainfo.mediainfo_record(tracks, vector["input"]["event"]["srcVideo"])
    assert found == vector["expect"]["return"]["srcMediainfo_parsed"]


def _sns(vector: Vector) -> None:
    """What is published, whatever becomes of it then."""
    record = vector["input"]["event"]
    said = {"Ingest": ingest_message, "Complete": complete_message}[record["workflowStatus"]](record)
    (call,) = vector["expect"]["aws_calls"]
    assert (said.body, said.subject) == (call["params"]["Message"], call["params"]["Subject"])


def _error_handler(vector: Vector) -> None:
    """The message is made of what the record is set to."""
    update, publish = vector["expect"]["aws_calls"]
    values = update["params"]["ExpressionAttributeValues"]
    names = {"workflowStatus": ":st", "workflowErrorAt": ":ea", "errorMessage": ":em", "errorDetails": ":ed"}
    record = {**update["params"]["Key"], **{name: values[value] for name, value in names.items()}}
    said = error_message({**record, "srcVideo": "left out"})
    assert said.body == publish["params"]["Message"]
    assert said.subject == publish["params"]["Subject"].strip()


CHECKS: dict[str, Callable[[Vector], None]] = {
    "step-functions": _trigger,
    "input-validate": _input_validate,
    "profiler": _profiler,
    "encode": _encode,
    "output-validate": _output_validate,
    "archive-source": _archive,
    "media-package-assets": _package,
    "media-package-assets.buildArnFromUri": _arn,
    "mediainfo.parse_number": _mediainfo(mediainfo.parse_number),
    "mediainfo.compact": _mediainfo(mediainfo.compact),
    "mediainfo.general": _mediainfo(mediainfo.container),
    "mediainfo.video": _mediainfo(mediainfo.video),
    "mediainfo.audio": _mediainfo(mediainfo.audio),
    "mediainfo.handler": _mediainfo_handler,
    "sns-notification": _sns,
    "error-handler": _error_handler,
}


@pytest.mark.parametrize("name", sorted(VECTORS.keys() - ELSEWHERE.keys()))
def test_we_answer_alike(name: str) -> None:
    """The same input gives the same answer, but for what is listed above with its reason."""
    vector = VECTORS[name]
    CHECKS[vector["function"]](vector)


def test_every_exception_is_a_vector() -> None:
    """The list of reasons names vectors that there are, and nothing passes that is on it by mistake."""
    assert ELSEWHERE.keys() <= VECTORS.keys()
    assert len(VECTORS) == 95


@pytest.mark.parametrize("name", ["profiler/h901", "profiler/h2159"])
def test_a_source_is_never_enlarged_for_its_profile(name: str) -> None:
    """Where the original rounds up, ours takes the template below."""
    vector = VECTORS[name]
    item = vector["input"]["aws_responses"]["DynamoDBDocument.get"]["Item"]
    (video,) = json.loads(item["srcMediainfo"])["video"]
    info = SourceInfo("mp4", VideoInfo("AVC", video["width"], video["height"], 0, None), ())
    record = vod_record(_bare(source_info=info, job=None, outputs=Outputs()), WORKFLOW)
    assert record["encodingProfile"] < vector["expect"]["return"]["encodingProfile"]
    assert record["encodingProfile"] <= video["height"]


def test_a_job_that_is_known_is_on_the_record() -> None:
    """What was really asked for wins over what would be."""
    record = vod_record(an_asset(job=EncodingJob("1-a", "mine_qvbr", 720, 1)), WORKFLOW)
    assert (record["encodeJobId"], record["jobTemplate"], record["encodingProfile"]) == ("1-a", "mine_qvbr", 720)
