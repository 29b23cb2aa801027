"""The one-request upload, for small files and plain curl: the bytes come with the call.

Limit: Lambda takes 6 MiB of request, and API Gateway hands a binary body over in base 64, four bytes for three, within
a JSON event. 4,500,000 bytes leave the event 290 kB for headers, which is more than API Gateway lets through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.catalog.asset import Asset
from chalicelib.errors import EmptySource, PayloadTooLarge
from chalicelib.usecases.ingest import ingest_source, upload_end
from chalicelib.usecases.upload import NewUpload, open_upload

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.aws.queues import Queues
    from chalicelib.aws.table import Table
    from chalicelib.settings import Settings
    from chalicelib.tools import Tools

SIMPLE_MAX_BYTES = 4_500_000


def refuse_large_body(size_bytes: int) -> None:
    """Raises PayloadTooLarge if a whole request body is above SIMPLE_MAX_BYTES."""
    if size_bytes > SIMPLE_MAX_BYTES:
        raise PayloadTooLarge(
            f"this route takes at most {SIMPLE_MAX_BYTES} bytes; use POST /v1/uploads, or GET /presign?name=",
            limit_bytes=SIMPLE_MAX_BYTES,
        )


def store_upload(
    new: NewUpload,
    data: bytes,
    objects: Objects,
    table: Table,
    queues: Queues,
    tools: Tools,
    settings: Settings,
    *,
    now_ms: int,
) -> Asset:
    """Open an upload, store its bytes, close it and start the ingest.

    Raises:
        EmptySource: If there are no bytes.
    """
    if not data:
        raise EmptySource("the file is empty")
    upload = open_upload(new, objects, table, settings, now_ms=now_ms)
    objects.write(upload.bucket, upload.key, data, content_type=new.content_type)
    asset = ingest_source(objects, table, queues, tools, settings, bucket=upload.bucket, key=upload.key, now_ms=now_ms)
    table.end_upload(upload.id, upload_end(asset), now_ms=now_ms)
    return asset
