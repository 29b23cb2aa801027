"""Cancelling assets."""

from __future__ import annotations

import pytest

from chalicelib.aws.workflows import ExecutionStatus
from chalicelib.catalog.asset import UNFINISHED, Asset, AssetStatus, EncodingJob
from chalicelib.catalog.upload import UploadStatus
from chalicelib.errors import AssetEnded, AssetNotFound
from chalicelib.usecases.cancel import cancel_asset
from chalicelib.usecases.encode import execution_name
from tests.unit.catalog.samples import an_asset, an_upload
from tests.unit.usecases.desk import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


def _cancel(desk: Desk, asset_id: str) -> Asset:
    of = (desk.objects, desk.table, desk.workflows, desk.mediaconvert, desk.settings)
    return cancel_asset(asset_id, *of, now_ms=desk.clock())


def test_cancelling_stops_the_execution_and_keeps_the_source(desk: Desk) -> None:
    """Also one whose ARN is not noted yet; what was made goes, and doing it again changes nothing more."""
    asset = an_asset(execution_arn=None)
    desk.table.create_asset(asset)
    arn = desk.workflows.start_publish(execution_name(asset, str(asset.source_etag)), {})
    desk.objects.write("source", asset.source_key, b"hello", content_type="video/mp4")
    for _ in range(2):
        desk.objects.write("media", f"media/{asset.id}/x/00001.m4s", b"x", content_type="video/mp4")
        desk.objects.write("media", f"media/early/{asset.id}/x/00001.m4s", b"x", content_type="video/mp4")
        assert _cancel(desk, asset.id).status is AssetStatus.CANCELLED
        assert desk.workflows.describe(arn).status is ExecutionStatus.ABORTED
        assert list(desk.objects.stored) == [("source", asset.source_key)]


def test_cancelling_ends_the_job_of_mediaconvert(desk: Desk) -> None:
    """Nobody waits for it any more, and it costs."""
    asset = an_asset(job=EncodingJob("job-1", "template", 720, 1))
    desk.table.create_asset(asset)
    _cancel(desk, asset.id)
    assert desk.mediaconvert.cancelled == ["job-1"]


def test_cancelling_before_the_bytes_came_closes_the_upload(desk: Desk) -> None:
    """The upload takes no more, and what was sent is dropped."""
    upload = an_upload()
    desk.table.create_upload(upload)
    asset = an_asset(status=AssetStatus.WAITING, execution_arn=None, source_etag=None, upload_id=upload.id)
    desk.table.create_asset(asset)
    desk.objects.write(upload.bucket, upload.key, b"half", content_type="video/mp4")
    assert _cancel(desk, asset.id).status is AssetStatus.CANCELLED
    assert desk.table.get_upload(upload.id).status is UploadStatus.CANCELLED
    assert desk.objects.stored == {}


@pytest.mark.parametrize("status", set(AssetStatus) - UNFINISHED - {AssetStatus.CANCELLED, AssetStatus.DELETED})
def test_what_has_ended_stays(desk: Desk, status: AssetStatus) -> None:
    """A ready or errored asset keeps its status and its files."""
    asset = an_asset(status=status)
    desk.table.create_asset(asset)
    desk.objects.write("media", f"media/{asset.id}/x/00001.m4s", b"x", content_type="video/mp4")
    with pytest.raises(AssetEnded):
        _cancel(desk, asset.id)
    assert desk.table.get_asset(asset.id) == asset
    assert len(desk.objects.stored) == 1


def test_a_deleted_asset_is_not_there(desk: Desk) -> None:
    """Its tombstone cannot be cancelled."""
    desk.table.create_asset(an_asset(status=AssetStatus.DELETED))
    with pytest.raises(AssetNotFound):
        _cancel(desk, an_asset().id)
