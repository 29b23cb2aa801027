"""Metadata files: taken as they are, refused by the name of the field."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.catalog.options import Acceleration, Archive, AssetOptions, Encoder, InputRotate
from chalicelib.catalog.track import WantedTrack
from chalicelib.catalog.vod.metadata import parse_metadata
from chalicelib.errors import MetadataInvalid
from chalicelib.media.sidecar import TrackKind


def _file(**fields: object) -> bytes:
    return json.dumps({"srcVideo": "films/one.mov", **fields}).encode()


def test_every_field_of_the_solution_is_understood() -> None:
    """A file with all documented fields, half of them capitalised, gives each option its value."""
    found = parse_metadata(
        json.dumps(
            {
                "SrcVideo": "films/one.mov",
                "srcBucket": "my-films",
                "destBucket": "my-streams",
                "CloudFront": "d1.cloudfront.net",
                "ArchiveSource": "deep_archive",
                "frameCapture": True,
                "enableSns": "false",
                "EnableSqs": False,
                "jobTemplate": "mine",
                "jobTemplate_2160p": "uhd",
                "jobTemplate_1080p": "hd",
                "jobTemplate_720p": "sd",
                "inputRotate": "DEGREES_90",
                "acceleratedTranscoding": "PREFERRED",
                "enableMediaPackage": True,
                "captions": {"srcFile": "one.srt"},
                "encoder": "mediaconvert",
                "ladder": [360, 720],
                "codecs": ["av1", "h264"],
                "quality": "high",
                "maxFrameRate": 30,
                "pruneLadder": False,
                "keepSurround": True,
                "cmsId": 7,
            }
        ).encode()
    )
    assert (found.src_video, found.src_bucket, found.dest_bucket) == ("films/one.mov", "my-films", "my-streams")
    assert found.options == AssetOptions(
        encoder=Encoder.MEDIACONVERT,
        archive_source=Archive.DEEP_ARCHIVE,
        frame_capture=True,
        enable_sns=False,
        enable_sqs=False,
        job_template="mine",
        job_template_2160p="uhd",
        job_template_1080p="hd",
        job_template_720p="sd",
        input_rotate=InputRotate.QUARTER,
        accelerated_transcoding=Acceleration.PREFERRED,
        cloud_front="d1.cloudfront.net",
        ladder=(720, 360),
        codecs=("h264", "av1"),
        quality="high",
        max_frame_rate=30,
        prune_ladder=False,
        keep_surround=True,
    )
    assert found.extra == {"captions": {"srcFile": "one.srt"}, "cmsId": 7}
    assert found.captions == (WantedTrack("und", "und", key="one.srt"),)


def test_captions_may_be_many_and_described() -> None:
    """Each with its language, name and kind; an object without a file, as the form had it, is none."""
    described = {"srcFile": "a.srt", "language": "de-AT", "name": 'W"ien', "kind": "captions", "forced": "true"}
    found = parse_metadata(_file(captions=[described, {"srcFile": ""}, {"fontSize": 12}]))
    assert found.captions == (WantedTrack("de-AT", "W'ien", kind=TrackKind.CAPTIONS, forced=True, key="a.srt"),)


def test_a_file_that_only_names_its_video_chooses_nothing() -> None:
    """What is left out, null or empty leaves the deployment's choice."""
    assert parse_metadata(_file()).options == AssetOptions()
    empty = _file(jobTemplate="", cloudFront=None, archiveSource=None, frameCapture=None, ladder=None, srcBucket="")
    found = parse_metadata(b"\xef\xbb\xbf" + empty)
    assert (found.options, found.src_bucket, found.extra) == (AssetOptions(), None, {})


@pytest.mark.parametrize("name", ["guid", "Guid", "workflowStatus", "hlsUrl", "encodeJobId", "errorMessage"])
def test_the_workflows_own_fields_are_not_taken(name: str) -> None:
    """A file cannot give an asset another id or state."""
    assert parse_metadata(_file(**{name: "mine"})).extra == {}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("srcVideo", ""),
        ("srcVideo", 7),
        ("srcVideo", "x" * 1025),
        ("srcBucket", "Not A Bucket"),
        ("destBucket", 1),
        ("cloudFront", "https://d1.cloudfront.net/"),
        ("archiveSource", "ICE"),
        ("frameCapture", "yes"),
        ("enableSns", 1),
        ("enableMediaPackage", "maybe"),
        ("jobTemplate", ["a"]),
        ("inputRotate", "DEGREES_45"),
        ("acceleratedTranscoding", "ENABLE"),
        ("encoder", "ffmpeg"),
        ("ladder", [720, True]),
        ("ladder", []),
        ("codecs", ["hevc"]),
        ("codecs", ["h264", {}]),
        ("quality", "best"),
        ("quality", ["high"]),
        ("maxFrameRate", 12),
        ("captions", "one.srt"),
        ("captions", [{"srcFile": 1}]),
        ("captions", [[]]),
        ("captions", [{"srcFile": "a"}] * 101),
    ],
)
def test_a_bad_value_is_refused_by_its_fields_name(field: str, value: object) -> None:
    """The message and the error's context say which field it was."""
    with pytest.raises(MetadataInvalid, match=field) as caught:
        parse_metadata(_file(**{field: value}))
    assert caught.value.context["field"] == field


@pytest.mark.parametrize("document", [b"", b"{not json", b"[]", b'"text"', b"\xff\xfe{}", b'{"other": 1}', b"[" * 9999])
def test_what_is_no_metadata_is_refused(document: bytes) -> None:
    """Broken, of another shape, or without a video."""
    with pytest.raises(MetadataInvalid):
        parse_metadata(document)


@pytest.mark.parametrize(
    ("member", "value"),
    [("language", "german!"), ("kind", "menu"), ("forced", 3), ("name", 1), ("srcFile", "renders/a")],
)
def test_a_bad_member_of_captions_is_named(member: str, value: object) -> None:
    """By its path in the file."""
    with pytest.raises(MetadataInvalid) as caught:
        parse_metadata(_file(captions={"srcFile": "a.srt", member: value}))
    assert caught.value.context["field"] == f"captions.{member}"


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9999) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=5,
)
_names = st.sampled_from(["srcVideo", "Ladder", "codecs", "quality", "maxFrameRate", "captions", "encoder", "guid"])


@given(st.dictionaries(_names | st.text(max_size=9), _json, max_size=9))
def test_any_json_is_understood_or_refused(fields: dict[str, object]) -> None:
    """Whatever a file holds, it is read whole or refused with our error, and never names a guid."""
    try:
        found = parse_metadata(json.dumps(fields).encode())
    except MetadataInvalid:
        return
    assert found.src_video
    assert "guid" not in found.extra
