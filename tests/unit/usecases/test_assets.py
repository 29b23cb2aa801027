"""Deleting and retrying assets."""

from __future__ import annotations

import pytest

from chalicelib.aws.workflows import ExecutionStatus
from chalicelib.catalog.asset import Asset, AssetStatus, ProgressState
from chalicelib.catalog.upload import UploadStatus
from chalicelib.errors import AssetNotFound, AssetNotRetryable
from chalicelib.usecases.assets import Purged, delete_asset, living_asset, retry_asset
from tests.unit.catalog.samples import an_asset, an_upload
from tests.unit.usecases.desk import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


def _store(desk: Desk, asset: Asset) -> Asset:
    desk.table.create_asset(asset)
    desk.objects.write("source", asset.source_key, b"hello", content_type="video/mp4")
    desk.objects.write("source", f"renders/{asset.id}/plan/x.json", b"{}", content_type="application/json")
    desk.objects.write("media", f"media/{asset.id}/x/index.m3u8", b"#EXTM3U", content_type="text/plain")
    desk.objects.write("media", f"media/{asset.id}0/x/index.m3u8", b"#EXTM3U", content_type="text/plain")
    return asset


def _delete(desk: Desk, asset_id: str) -> Purged:
    services = (desk.objects, desk.table, desk.workflows, desk.mediaconvert, desk.mediapackage)
    return delete_asset(asset_id, *services, desk.settings, now_ms=desk.clock())


def _retry(desk: Desk, asset_id: str) -> Asset:
    return retry_asset(asset_id, desk.objects, desk.table, desk.queues, desk.tools, desk.settings, now_ms=desk.clock())


def test_delete_leaves_a_tombstone_and_no_object(desk: Desk) -> None:
    """Stream, plans and source go; the record says deleted and will be forgotten; another asset's objects stay."""
    asset = _store(desk, an_asset())
    arn = desk.workflows.start_publish("one", {})
    assert arn == asset.execution_arn
    assert _delete(desk, asset.id) == Purged(source=1, made=2, left=0)
    assert [key for _, key in desk.objects.stored] == [f"media/{asset.id}0/x/index.m3u8"]
    assert desk.workflows.describe(arn).status is ExecutionStatus.ABORTED
    assert desk.table.get_asset(asset.id).status is AssetStatus.DELETED
    assert desk.table.items[f"asset#{asset.id}", "asset"]["expires_at"]["N"] == str(desk.clock() // 1000 + 2_592_000)
    with pytest.raises(AssetNotFound):
        living_asset(asset.id, desk.table)


def test_delete_may_be_repeated(desk: Desk) -> None:
    """A second delete removes what a late chunk wrote after the first."""
    asset = _store(desk, an_asset())
    _delete(desk, asset.id)
    desk.objects.write("media", f"media/{asset.id}/x/00009.m4s", b"late", content_type="video/mp4")
    assert _delete(desk, asset.id) == Purged(source=0, made=1, left=0)
    assert list(desk.objects.list_keys("media", f"media/{asset.id}/")) == []


def test_delete_closes_the_open_upload(desk: Desk) -> None:
    """An asset that waits for bytes takes its upload along."""
    desk.table.create_upload(an_upload())
    asset = _store(desk, an_asset(status=AssetStatus.WAITING, execution_arn=None))
    _delete(desk, asset.id)
    assert desk.table.get_upload(an_upload().id).status is UploadStatus.CANCELLED


def test_retry_starts_the_next_attempt(desk: Desk) -> None:
    """An errored asset is ingested anew, without its errors, under the next number."""
    asset = _store(desk, an_asset(status=AssetStatus.ERRORED))
    again = _retry(desk, asset.id)
    assert (again.status, again.state, again.attempt) == (AssetStatus.PREPARING, ProgressState.INGESTING, 3)
    assert again.errors == ()
    assert again.execution_arn is None
    assert len(desk.queues.sent) == 1


@pytest.mark.parametrize("status", [AssetStatus.READY, AssetStatus.PREPARING, AssetStatus.CANCELLED])
def test_only_an_errored_asset_is_retried(desk: Desk, status: AssetStatus) -> None:
    """Whatever else an asset is, a retry changes nothing."""
    asset = _store(desk, an_asset(status=status))
    with pytest.raises(AssetNotRetryable):
        _retry(desk, asset.id)
    assert desk.table.get_asset(asset.id) == asset


def test_a_retry_needs_the_source(desk: Desk) -> None:
    """Without its source an asset stays errored."""
    asset = _store(desk, an_asset(status=AssetStatus.ERRORED))
    desk.objects.delete("source", asset.source_key)
    with pytest.raises(AssetNotRetryable):
        _retry(desk, asset.id)
