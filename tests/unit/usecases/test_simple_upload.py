"""The one-request upload."""

from __future__ import annotations

import pytest

from chalicelib.catalog.asset import AssetStatus
from chalicelib.catalog.upload import UploadStatus
from chalicelib.errors import EmptySource, PayloadTooLarge
from chalicelib.usecases.simple_upload import SIMPLE_MAX_BYTES, refuse_large_body, store_upload
from chalicelib.usecases.upload import NewUpload
from tests.unit.usecases.desk import Desk

LAMBDA_PAYLOAD_BYTES = 6 * 1024 * 1024
API_GATEWAY_HEADERS_BYTES = 10_240


def test_the_limit_fits_into_a_lambda_event() -> None:
    """The largest body in base 64, with all headers twice (single and multi-value), is below Lambda's 6 MiB."""
    assert -(-SIMPLE_MAX_BYTES // 3) * 4 + 4 * API_GATEWAY_HEADERS_BYTES < LAMBDA_PAYLOAD_BYTES


def test_a_larger_body_is_told_where_to_go() -> None:
    """One byte too much names the routes that take it."""
    refuse_large_body(SIMPLE_MAX_BYTES)
    with pytest.raises(PayloadTooLarge, match="/v1/uploads"):
        refuse_large_body(SIMPLE_MAX_BYTES + 1)


def test_store_uploads_and_ingests() -> None:
    """One call makes the upload, stores the bytes, closes it and starts the asset."""
    desk = Desk()
    new = NewUpload("clip.mp4", "video/mp4", 5)
    asset = store_upload(
        new, b"hello", desk.objects, desk.table, desk.queues, desk.tools, desk.settings, now_ms=desk.clock()
    )
    assert asset.status is AssetStatus.PREPARING
    assert asset.upload_id is not None
    assert desk.table.get_upload(asset.upload_id).status is UploadStatus.COMPLETED
    assert desk.objects.read(asset.source_bucket, asset.source_key) == b"hello"


def test_no_bytes_make_no_asset() -> None:
    """An empty file is refused before anything is made."""
    desk = Desk()
    with pytest.raises(EmptySource):
        store_upload(
            NewUpload("clip.mp4", "video/mp4", 0),
            b"",
            desk.objects,
            desk.table,
            desk.queues,
            desk.tools,
            desk.settings,
            now_ms=desk.clock(),
        )
    assert desk.table.items == {}
