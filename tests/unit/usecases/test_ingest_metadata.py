"""Ingest by metadata file, and what an object sets going at all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.catalog.asset import Asset, AssetStatus
from chalicelib.catalog.options import AssetOptions, Encoder
from chalicelib.errors import MetadataInvalid, ObjectMissing
from chalicelib.usecases.asset_settings import check_options, settings_for
from chalicelib.usecases.assets import delete_asset, retry_asset
from chalicelib.usecases.ingest_object import ingest_object
from tests.unit.usecases.desk import Desk

FILE = "uploads/one.json"
VIDEO = "films/one.mov"


@pytest.fixture
def desk() -> Desk:
    return Desk()


def _put_file(desk: Desk, **fields: Any) -> None:
    desk.objects.write("source", FILE, json.dumps(fields).encode(), content_type="application/json")


def _put_video(desk: Desk, bucket: str = "source", data: bytes = b"moving pictures") -> str:
    return desk.objects.write(bucket, VIDEO, data, content_type="video/quicktime")


def _ingest(desk: Desk, key: str = FILE) -> Asset:
    services = (desk.objects, desk.table, desk.queues, desk.tools, desk.settings)
    asset = ingest_object(*services, bucket="source", key=key, now_ms=desk.clock())
    assert asset is not None
    return asset


def test_the_named_video_is_taken_in(desk: Desk) -> None:
    """The asset's source is the video, its options are the file's, and one message is sent, however often."""
    etag = _put_video(desk)
    _put_file(desk, srcVideo=VIDEO, ladder=[360], quality="high", cmsId="x1", guid="mine")
    asset = _ingest(desk)
    assert (asset.status, asset.source_key, asset.source_etag) == (AssetStatus.PREPARING, VIDEO, etag)
    assert (asset.filename, asset.content_type) == ("one.mov", "video/quicktime")
    assert asset.meta == {"cmsId": "x1"}
    assert asset.metadata is not None
    assert asset.metadata.key == FILE
    assert asset.id != "mine"
    chosen = settings_for(asset.options, desk.settings)
    assert (chosen.ladder, chosen.quality, chosen.codecs) == ((360,), "high", desk.settings.codecs)
    assert _ingest(desk) == asset
    assert [message.asset_id for message in desk.queues.sent] == [asset.id]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({}, "srcVideo"),
        ({"srcVideo": "films/other.mov"}, "srcVideo"),
        ({"srcVideo": "renders/as_1/plan.json"}, "srcVideo"),
        ({"srcVideo": VIDEO, "srcBucket": "somebody-elses"}, "srcBucket"),
        ({"srcVideo": VIDEO, "destBucket": "somebody-elses"}, "destBucket"),
        ({"srcVideo": VIDEO, "archiveSource": "ICE"}, "archiveSource"),
        ({"srcVideo": VIDEO, "encoder": "mediaconvert"}, "encoder"),
        ({"srcVideo": VIDEO, "jobTemplate": "mine"}, "jobTemplate"),
    ],
)
def test_a_bad_file_gives_an_errored_record(desk: Desk, fields: dict[str, Any], named: str) -> None:
    """Its error names the field; nothing is started, and nothing raised that would be tried again."""
    _put_video(desk)
    _put_file(desk, **fields)
    asset = _ingest(desk)
    assert asset.status is AssetStatus.ERRORED
    (error,) = asset.errors
    assert error.code == "metadata-invalid"
    assert named in error.message
    assert desk.queues.sent == []


def test_a_bad_video_errs_under_its_own_code(desk: Desk) -> None:
    """The file is right, what it names is not."""
    _put_video(desk, data=b"junk")
    _put_file(desk, srcVideo=VIDEO)
    assert [error.code for error in _ingest(desk).errors] == ["not-a-video"]


def test_another_bucket_is_read_if_the_deployment_says_so() -> None:
    """The one extra bucket, and no other."""
    desk = Desk(extra_source_bucket="archive")
    _put_video(desk, "archive")
    _put_file(desk, srcVideo=VIDEO, srcBucket="archive")
    asset = _ingest(desk)
    assert (asset.status, asset.source_bucket) == (AssetStatus.PREPARING, "archive")


def test_a_retry_reads_the_file_again(desk: Desk) -> None:
    """The video that was missing has come meanwhile."""
    _put_file(desk, srcVideo=VIDEO)
    errored = _ingest(desk)
    _put_video(desk)
    services = (desk.objects, desk.table, desk.queues, desk.tools, desk.settings)
    asset = retry_asset(errored.id, *services, now_ms=desk.clock())
    assert (asset.status, asset.attempt, asset.source_key) == (AssetStatus.PREPARING, 2, VIDEO)


def test_a_file_that_was_replaced_is_not_read_for_the_old_one(desk: Desk) -> None:
    """Each version of the file is an asset of its own."""
    _put_file(desk, srcVideo=VIDEO)
    first = _ingest(desk)
    _put_video(desk)
    _put_file(desk, srcVideo=VIDEO, quality="fast")
    services = (desk.objects, desk.table, desk.queues, desk.tools, desk.settings)
    assert retry_asset(first.id, *services, now_ms=desk.clock()).status is AssetStatus.ERRORED
    second = _ingest(desk)
    assert (second.id != first.id, second.status) == (True, AssetStatus.PREPARING)


def test_a_named_source_outlives_its_asset(desk: Desk) -> None:
    """What a metadata file names was never handed over, so deleting the asset leaves it."""
    _put_video(desk)
    _put_file(desk, srcVideo=VIDEO)
    asset = _ingest(desk)
    services = (desk.objects, desk.table, desk.workflows, desk.mediaconvert, desk.mediapackage)
    delete_asset(asset.id, *services, desk.settings, now_ms=desk.clock())
    assert desk.objects.exists("source", VIDEO)


def test_a_large_file_is_not_read(desk: Desk) -> None:
    """Whoever names a film .json does not make us load it."""
    desk.objects.write("source", FILE, b" " * 70_000, content_type="application/json")
    asset = _ingest(desk)
    assert [error.code for error in asset.errors] == ["metadata-invalid"]
    assert desk.objects.reads == []


def test_a_missing_file_is_raised(desk: Desk) -> None:
    """As a missing video is: the event came for nothing."""
    with pytest.raises(ObjectMissing):
        _ingest(desk)


def test_an_extension_that_is_not_taken_gives_an_errored_record() -> None:
    """The customer finds the file among the assets, with the reason."""
    desk = Desk(video_extensions=("mp4",))
    desk.objects.write("source", "uploads/a.mxf", b"moving", content_type="application/mxf")
    asset = _ingest(desk, "uploads/a.mxf")
    assert (asset.status, [error.code for error in asset.errors]) == (AssetStatus.ERRORED, ["extension-not-allowed"])


def test_choices_that_mediaconvert_alone_can_obey_choose_it() -> None:
    """A file with a job template or a turn means MediaConvert, and says so if it asks for the other."""
    desk = Desk(mediaconvert_role_arn="arn:aws:iam::0:role/convert")
    _put_video(desk)
    _put_file(desk, srcVideo=VIDEO, inputRotate="DEGREES_90")
    asset = _ingest(desk)
    assert settings_for(asset.options, desk.settings).encoder == Encoder.MEDIACONVERT
    assert asset.options.needs_mediaconvert == "inputRotate"
    _put_file(desk, srcVideo=VIDEO, jobTemplate="mine", encoder="lambda")
    assert "jobTemplate" in _ingest(desk).errors[0].message


def test_options_of_the_api_are_checked_too() -> None:
    """The same rule for whoever opens an upload."""
    with pytest.raises(MetadataInvalid, match="encoder"):
        check_options(AssetOptions(encoder=Encoder.MEDIACONVERT), Desk().settings)


@pytest.mark.parametrize(("encoder", "code"), [("lambda", ["upload-too-large"]), ("auto", []), ("mediaconvert", [])])
def test_what_does_not_fit_a_worker_may_go_to_mediaconvert(encoder: str, code: list[str]) -> None:
    """The limit is that of our workers' disk; it holds where they are to encode."""
    desk = Desk(upload_max_bytes=5, mediaconvert_role_arn="arn:aws:iam::0:role/convert")
    _put_video(desk)
    _put_file(desk, srcVideo=VIDEO, encoder=encoder)
    assert [error.code for error in _ingest(desk).errors] == code
