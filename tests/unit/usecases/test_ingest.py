"""Ingest: once for each object, whoever asks and how often."""

from __future__ import annotations

import pytest

from chalicelib.catalog.asset import Asset, AssetStatus, ProgressState
from chalicelib.catalog.ids import ASSET_PREFIX, is_id
from chalicelib.catalog.keys import upload_key
from chalicelib.catalog.upload import UploadStatus
from chalicelib.errors import ObjectMissing, QueueUnavailable
from chalicelib.usecases.ingest import ingest_source
from tests.unit.catalog.samples import ASSET_ID, UPLOAD_ID, an_asset, an_upload
from tests.unit.usecases.desk import Desk

KEY = upload_key(ASSET_ID)


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.table.create_upload(an_upload())
    waiting = an_asset(
        status=AssetStatus.WAITING,
        state=ProgressState.INGESTING,
        source_etag=None,
        source_info=None,
        execution_arn=None,
        errors=(),
    )
    desk.table.create_asset(waiting)
    return desk


def _put(desk: Desk, data: bytes, key: str = KEY) -> str:
    return desk.objects.write("source", key, data, content_type="video/mp4")


def _ingest(desk: Desk, key: str = KEY) -> Asset:
    return ingest_source(
        desk.objects,
        desk.table,
        desk.queues,
        desk.tools,
        desk.settings,
        bucket="source",
        key=key,
        now_ms=desk.clock(),
    )


def test_a_source_is_taken_in(desk: Desk) -> None:
    """The asset is preparing and knows its bytes, the upload is completed, one message is sent."""
    etag = _put(desk, b"moving pictures")
    asset = _ingest(desk)
    assert (asset.status, asset.source_etag, asset.source_size_bytes) == (AssetStatus.PREPARING, etag, 15)
    assert asset.source_info is not None
    assert [(message.asset_id, message.etag) for message in desk.queues.sent] == [(ASSET_ID, etag)]
    assert desk.table.get_upload(UPLOAD_ID).status is UploadStatus.COMPLETED


def test_twice_is_once(desk: Desk) -> None:
    """The event after the complete call, or the other way round, changes nothing and sends nothing."""
    _put(desk, b"moving pictures")
    first = _ingest(desk)
    assert _ingest(desk) == first
    assert len(desk.queues.sent) == 1


@pytest.mark.parametrize(
    ("data", "code"), [(b"", "empty-source"), (b"junk, all of it", "not-a-video"), (b"x" * 101, "upload-too-large")]
)
def test_a_bad_source_errs_at_once(data: bytes, code: str) -> None:
    """Whatever is wrong with the bytes ends on the asset, is not raised, and starts no work."""
    desk = Desk(upload_max_bytes=100)
    desk.table.create_asset(an_asset(status=AssetStatus.WAITING, errors=()))
    _put(desk, data)
    asset = _ingest(desk)
    assert asset.status is AssetStatus.ERRORED
    assert [error.code for error in asset.errors] == [code]
    assert desk.queues.sent == []


def test_an_object_put_by_other_means_becomes_an_asset(desk: Desk) -> None:
    """One for each key and etag: the same event twice finds the same asset, other bytes make another."""
    _put(desk, b"moving pictures", "uploads/holiday.mp4")
    first = _ingest(desk, "uploads/holiday.mp4")
    assert is_id(first.id, ASSET_PREFIX)
    assert (first.filename, first.upload_id, first.status) == ("holiday.mp4", None, AssetStatus.PREPARING)
    assert _ingest(desk, "uploads/holiday.mp4").id == first.id
    _put(desk, b"other pictures", "uploads/holiday.mp4")
    assert _ingest(desk, "uploads/holiday.mp4").id != first.id


def test_a_replaced_source_is_not_taken_in_again(desk: Desk) -> None:
    """Once ingested, an asset stays with the bytes that it was made of."""
    etag = _put(desk, b"moving pictures")
    _ingest(desk)
    _put(desk, b"other pictures")
    assert _ingest(desk).source_etag == etag
    assert len(desk.queues.sent) == 1


def test_a_cancelled_asset_is_left_alone(desk: Desk) -> None:
    """Bytes that arrive after the cancellation are not looked at."""
    desk.table.items[f"asset#{ASSET_ID}", "asset"]["status"] = {"S": "cancelled"}
    _put(desk, b"moving pictures")
    assert _ingest(desk).status is AssetStatus.CANCELLED
    assert desk.queues.sent == []


def test_what_is_wrong_with_the_world_is_raised(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the object or the queue the call fails, so that it is made again."""
    with pytest.raises(ObjectMissing):
        _ingest(desk)
    _put(desk, b"moving pictures")

    def refuse(*_: object) -> None:
        raise QueueUnavailable("no answer")

    monkeypatch.setattr(desk.queues, "send_encode", refuse)
    with pytest.raises(QueueUnavailable):
        _ingest(desk)
