"""Uploads from announcement to end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from chalicelib.catalog.asset import AssetChange, AssetError, AssetStatus
from chalicelib.catalog.upload import MIB, Upload, UploadStatus
from chalicelib.errors import TableUnavailable, UploadIncomplete, UploadNotFound, UploadNotOpen, UploadTooLarge
from chalicelib.usecases.ingest import ingest_source
from chalicelib.usecases.upload import (
    NewUpload,
    cancel_upload,
    complete_upload,
    expire_upload,
    open_upload,
    sign_parts,
    sign_put,
)
from tests.unit.usecases.desk import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


def _open(desk: Desk, size_bytes: int | None, **options: Any) -> Upload:
    new = NewUpload("clip.mp4", "video/mp4", size_bytes, **options)
    return open_upload(new, desk.objects, desk.table, desk.settings, now_ms=desk.clock())


def _complete(desk: Desk, upload: Upload, listed: Sequence[tuple[int, str]] | None = None) -> Upload:
    return complete_upload(
        upload.id, listed, desk.objects, desk.table, desk.queues, desk.tools, desk.settings, now_ms=desk.clock()
    )


def _expire(desk: Desk, upload: Upload) -> None:
    expire_upload(upload, desk.objects, desk.table, desk.queues, desk.tools, desk.settings, now_ms=desk.clock())


def _put(desk: Desk, upload: Upload, data: bytes) -> None:
    desk.objects.write(upload.bucket, upload.key, data, content_type="video/mp4")


def _multipart(desk: Desk, sizes: Sequence[int], announced: int) -> Upload:
    upload = _open(desk, announced)
    assert upload.multipart_id is not None
    for number, size in enumerate(sizes, 1):
        desk.objects.multiparts[upload.multipart_id].parts[number] = bytes(size)
    return upload


def test_the_asset_exists_before_the_first_byte(desk: Desk) -> None:
    """Opening an upload makes a waiting asset with everything the client said of it."""
    upload = _open(desk, 100, passthrough="order 7", meta={"a": 1})
    asset = desk.table.get_asset(upload.asset_id)
    assert (asset.status, asset.source_key, asset.upload_id) == (AssetStatus.WAITING, upload.key, upload.id)
    assert (asset.filename, asset.passthrough, asset.meta) == ("clip.mp4", "order 7", {"a": 1})


def test_size_decides_the_way(desk: Desk) -> None:
    """Up to 64 MiB one URL for exactly that size; above, a multipart upload with one URL per part."""
    small, large = _open(desk, 64 * MIB), _open(desk, 64 * MIB + 1)
    assert f"size={64 * MIB}" in sign_put(small, desk.objects, desk.settings)
    assert sign_parts(small, desk.objects, desk.settings, first=1, count=9) == ()
    numbers = [number for number, _ in sign_parts(large, desk.objects, desk.settings, first=8, count=9)]
    assert numbers == [8, 9]


def test_a_size_above_the_limit_is_refused(desk: Desk) -> None:
    """An announced size above `upload_max_bytes` makes nothing."""
    with pytest.raises(UploadTooLarge):
        _open(desk, desk.settings.upload_max_bytes + 1)
    assert desk.table.items == {}


def test_complete_ingests_once(desk: Desk) -> None:
    """Completing closes the upload and sends one message, however often it is called."""
    upload = _open(desk, 5)
    _put(desk, upload, b"hello")
    assert _complete(desk, upload).status is UploadStatus.COMPLETED
    assert _complete(desk, upload).status is UploadStatus.COMPLETED
    assert [message.asset_id for message in desk.queues.sent] == [upload.asset_id]


def test_complete_without_bytes_leaves_the_upload_open(desk: Desk) -> None:
    """A client that is too early may send the bytes and call again."""
    upload = _open(desk, 5)
    with pytest.raises(UploadIncomplete):
        _complete(desk, upload)
    _put(desk, upload, b"hello")
    assert _complete(desk, upload).status is UploadStatus.COMPLETED


@pytest.mark.parametrize(("stored", "error"), [(b"hell", UploadIncomplete), (b"hello!", UploadTooLarge)])
def test_the_stored_size_must_be_the_announced_one(desk: Desk, stored: bytes, error: type[Exception]) -> None:
    """Neither fewer nor more bytes than announced are ingested."""
    upload = _open(desk, 5)
    _put(desk, upload, stored)
    with pytest.raises(error):
        _complete(desk, upload)
    assert desk.table.get_asset(upload.asset_id).status is AssetStatus.WAITING


def test_bad_media_completes_and_errs(desk: Desk) -> None:
    """The upload did what it was for; what is wrong with the bytes is said on the asset."""
    upload = _open(desk, 8)
    _put(desk, upload, b"junkjunk")
    assert _complete(desk, upload).status is UploadStatus.COMPLETED
    asset = desk.table.get_asset(upload.asset_id)
    assert (asset.status, asset.errors[0].code) == (AssetStatus.ERRORED, "not-a-video")


@pytest.mark.parametrize(("data", "code"), [(b"", "empty-source"), (b"x" * 11, "upload-too-large")])
@pytest.mark.parametrize("seen_by", ["ingest", "expiry"])
def test_what_is_no_upload_errs(data: bytes, code: str, seen_by: str) -> None:
    """Empty or larger than allowed: upload and asset say so, once, and completing it then makes nothing of it."""
    desk = Desk(upload_max_bytes=10)
    upload = _open(desk, None)
    _put(desk, upload, data)
    if seen_by == "ingest":
        world = (desk.objects, desk.table, desk.queues, desk.tools, desk.settings)
        ingest_source(*world, bucket=upload.bucket, key=upload.key, now_ms=desk.clock())
    else:
        desk.clock.sleep(desk.settings.upload_ttl_s + 1)
        _expire(desk, upload)
    _expire(desk, upload)
    assert desk.table.get_upload(upload.id).status is UploadStatus.ERRORED
    asset = desk.table.get_asset(upload.asset_id)
    assert (asset.status, [error.code for error in asset.errors]) == (AssetStatus.ERRORED, [code])
    told = [stored.event.type for each in desk.table.told if (stored := desk.table.find_event(each))]
    assert sorted(told) == ["asset.created", "asset.errored", "upload.errored"]
    for _ in range(2):
        if data:
            with pytest.raises(UploadTooLarge):
                _complete(desk, upload)
        else:
            assert _complete(desk, upload).status is UploadStatus.ERRORED


def test_an_upload_errs_though_its_ingest_died(desk: Desk) -> None:
    """Once the asset has erred, whoever closes the upload closes it the same way."""
    upload = _open(desk, None)
    _put(desk, upload, b"")
    errored = AssetChange(status=AssetStatus.ERRORED, errors=(AssetError("empty-source", "the file is empty"),))
    desk.table.update_asset(upload.asset_id, errored, expect=frozenset({AssetStatus.WAITING}), now_ms=desk.clock())
    assert _complete(desk, upload).status is UploadStatus.ERRORED


def test_parts_are_joined_as_stored(desk: Desk) -> None:
    """Without a list from the client, the parts that S3 holds make the object."""
    upload = _multipart(desk, [8 * MIB] * 8 + [2 * MIB], 66 * MIB)
    assert _complete(desk, upload).status is UploadStatus.COMPLETED
    assert desk.objects.head(upload.bucket, upload.key).size_bytes == 66 * MIB


def test_a_missing_part_leaves_the_multipart_open(desk: Desk) -> None:
    """Too few bytes do not complete the multipart upload, so the client can send the rest."""
    upload = _multipart(desk, [8 * MIB] * 8, 66 * MIB)
    with pytest.raises(UploadIncomplete):
        _complete(desk, upload)
    assert upload.multipart_id in desk.objects.multiparts


def test_a_wrong_etag_is_refused(desk: Desk) -> None:
    """The client's own list of parts is checked against what is stored."""
    upload = _multipart(desk, [66 * MIB], 66 * MIB)
    with pytest.raises(UploadIncomplete):
        _complete(desk, upload, [(1, '"beef"')])


def test_complete_goes_on_where_it_was_cut(desk: Desk) -> None:
    """If the parts were joined and then the function died, calling again finishes."""
    upload = _multipart(desk, [66 * MIB], 66 * MIB)
    assert upload.multipart_id is not None
    parts = desk.objects.list_parts(upload.bucket, upload.key, upload.multipart_id) or ()
    desk.objects.complete_multipart(
        upload.bucket, upload.key, upload.multipart_id, [(part.number, part.etag) for part in parts]
    )
    assert _complete(desk, upload).status is UploadStatus.COMPLETED


def test_cancel_drops_everything_and_may_be_repeated(desk: Desk) -> None:
    """A cancelled upload leaves neither parts nor a waiting asset."""
    upload = _multipart(desk, [8 * MIB], 66 * MIB)
    for _ in range(2):
        assert cancel_upload(upload.id, desk.objects, desk.table, now_ms=desk.clock()).status is UploadStatus.CANCELLED
    assert desk.objects.multiparts == {}
    assert desk.table.get_asset(upload.asset_id).status is AssetStatus.CANCELLED
    with pytest.raises(UploadNotOpen):
        _complete(desk, upload)


def test_a_completed_upload_cannot_be_cancelled(desk: Desk) -> None:
    """What was closed one way is not closed another way."""
    upload = _open(desk, 5)
    _put(desk, upload, b"hello")
    _complete(desk, upload)
    with pytest.raises(UploadNotOpen):
        cancel_upload(upload.id, desk.objects, desk.table, now_ms=desk.clock())
    assert desk.objects.exists(upload.bucket, upload.key)


def test_an_unknown_upload_is_not_found(desk: Desk) -> None:
    """Nothing is made up for an id nobody knows."""
    with pytest.raises(UploadNotFound):
        cancel_upload("up_unknown", desk.objects, desk.table, now_ms=desk.clock())


def test_an_empty_upload_expires(desk: Desk) -> None:
    """When its time is over, the upload and its asset end, and the parts are dropped."""
    upload = _multipart(desk, [8 * MIB], 66 * MIB)
    desk.clock.sleep(desk.settings.upload_ttl_s + 1)
    assert [each.id for each in desk.table.expired_uploads(desk.clock())] == [upload.id]
    _expire(desk, upload)
    asset = desk.table.get_asset(upload.asset_id)
    assert (asset.status, asset.errors[0].code) == (AssetStatus.ERRORED, "upload-expired")
    assert desk.table.get_upload(upload.id).status is UploadStatus.EXPIRED
    assert desk.objects.multiparts == {}


def test_an_upload_whose_event_was_lost_is_ingested(desk: Desk) -> None:
    """Bytes that came in time are not thrown away because nobody said so."""
    upload = _open(desk, None)
    _put(desk, upload, b"hello")
    _expire(desk, upload)
    assert desk.table.get_asset(upload.asset_id).status is AssetStatus.PREPARING
    assert desk.table.get_upload(upload.id).status is UploadStatus.COMPLETED
    assert len(desk.queues.sent) == 1


def test_an_upload_without_its_asset_expires(desk: Desk) -> None:
    """A function that died between the two records leaves nothing behind for ever."""
    upload = _open(desk, 5)
    desk.table.items = {key: item for key, item in desk.table.items.items() if key[1] != "asset"}
    _expire(desk, upload)
    assert desk.table.get_upload(upload.id).status is UploadStatus.EXPIRED


def test_an_expiry_that_was_cut_off_is_finished(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that died after it told the asset is followed by one that ends the upload as expired, bytes and all."""
    upload = _open(desk, 1 << 30)
    with monkeypatch.context() as patch:
        patch.setattr(desk.table, "end_upload", _die)
        with pytest.raises(TableUnavailable):
            _expire(desk, upload)
    assert desk.table.get_asset(upload.asset_id).status is AssetStatus.ERRORED
    _expire(desk, upload)
    assert desk.table.get_upload(upload.id).status is UploadStatus.EXPIRED
    assert desk.objects.multiparts == {}


def _die(*_: object, **__: object) -> None:
    raise TableUnavailable("the worker is gone")


def test_expiring_does_not_touch_an_asset_under_way(desk: Desk) -> None:
    """If the asset has moved on, only the upload is closed."""
    upload = _open(desk, 5)
    _put(desk, upload, b"hello")
    desk.table.update_asset(
        upload.asset_id,
        AssetChange(status=AssetStatus.PREPARING),
        expect=frozenset({AssetStatus.WAITING}),
        now_ms=desk.clock(),
    )
    _expire(desk, upload)
    assert desk.table.get_asset(upload.asset_id).status is AssetStatus.PREPARING
    assert desk.objects.exists(upload.bucket, upload.key)


def test_parts_that_are_not_named_do_not_count(desk: Desk) -> None:
    """A client that has cut the file anew leaves parts behind: what it names is what is weighed and joined."""
    upload = _open(desk, 65 * MIB)
    assert upload.multipart_id is not None
    desk.objects.multiparts[upload.multipart_id].parts = {1: bytes(65 * MIB), 2: b"left over"}
    stored = desk.objects.list_parts(upload.bucket, upload.key, upload.multipart_id) or ()
    assert _complete(desk, upload, [(1, stored[0].etag)]).status is UploadStatus.COMPLETED
    assert desk.objects.head(upload.bucket, upload.key).size_bytes == 65 * MIB


def test_no_part_is_no_file(desk: Desk) -> None:
    """Of an upload whose size nobody announced, too."""
    upload = _open(desk, None, in_parts=True)
    with pytest.raises(UploadIncomplete):
        _complete(desk, upload)
