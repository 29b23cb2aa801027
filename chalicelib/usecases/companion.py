"""What Companion does for Uppy's S3 uploads, here through an upload token (the contract: API.md, @uppy/aws-s3 6).

Invariants: the server names every key, and takes no other; what a token reaches is its own uploads only; they are
uploads like any other, and end in the same ingest. Each verb may come again after a lost answer: Uppy does so when a
person presses "retry", or comes back after a reload.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.aws.multipart import Part
from chalicelib.catalog.ids import ENTROPY_BYTES, UPLOAD_PREFIX, new_id
from chalicelib.catalog.upload import PARTS_MAX, S3_PART_MIN_BYTES, Upload, UploadStatus
from chalicelib.errors import (
    ObjectMissing,
    UploadNotFound,
    UploadNotOpen,
    UploadOutOfReach,
    UploadTokenSpent,
    UploadTooLarge,
)
from chalicelib.usecases.upload import NewUpload, cancel_upload, most_bytes, open_upload

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.aws.table import Table
    from chalicelib.catalog.upload_token import UploadToken
    from chalicelib.settings import Settings

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BrowserFile:
    """What Uppy says of a file: neither its size nor anything that is believed."""

    filename: str
    content_type: str
    meta: dict[str, Any]


def open_form(
    file: BrowserFile, token: UploadToken, objects: Objects, table: Table, settings: Settings, *, now_ms: int
) -> tuple[str, dict[str, str]]:
    """An upload in one POST: its URL and form fields. S3 holds it to key, type and size.

    Raises:
        UploadTokenSpent: If the token may open no more.
        UploadNotOpen: If the upload that it stands for is closed.
    """
    upload = _upload_for(file, token, objects, table, settings, in_parts=False, now_ms=now_ms)
    return objects.presign_post(
        upload.bucket,
        upload.key,
        content_type=file.content_type,
        size_bytes=(upload.size_bytes or 1, most_bytes(upload, settings)),
        expires_s=settings.presign_ttl_s,
    )


def open_parts(
    file: BrowserFile, token: UploadToken, objects: Objects, table: Table, settings: Settings, *, now_ms: int
) -> Upload:
    """An upload in parts. Errors as in `open_form`."""
    upload = _upload_for(file, token, objects, table, settings, in_parts=True, now_ms=now_ms)
    if upload.multipart_id is not None:
        return upload
    multipart_id = objects.create_multipart(upload.bucket, upload.key, content_type=upload.content_type)
    changed = table.put_into_parts(upload.id, multipart_id, now_ms=now_ms)
    if changed is None:
        # The same call came twice at once, or the upload was closed.
        objects.abort_multipart(upload.bucket, upload.key, multipart_id)
        return _open(table.get_upload(upload.id))
    return changed


def find_upload(upload_id: str, key: str | None, token: UploadToken, table: Table) -> Upload:
    """The upload of this id, if the key is its own and the token reaches it. Raises UploadOutOfReach."""
    try:
        upload = table.get_upload(upload_id)
    except UploadNotFound as error:
        raise UploadOutOfReach("this upload token does not reach this upload") from error
    if upload.key != key or (upload.upload_token_id != token.id and upload.id != token.upload_id):
        raise UploadOutOfReach("this upload token does not reach this upload")
    return upload


def sign_part_numbers(upload: Upload, numbers: Sequence[int], objects: Objects, settings: Settings) -> dict[int, str]:
    """A URL for each part; numbers count from 1.

    Raises:
        UploadNotOpen: If it is closed, or not in parts.
        UploadTooLarge: If the file would be, were there such a part.
    """
    multipart_id = _parts_of(_open(upload))
    # Each part but the last has S3's smallest size at least.
    most_parts = min(PARTS_MAX, -(-most_bytes(upload, settings) // S3_PART_MIN_BYTES))
    if max(numbers) > most_parts:
        raise UploadTooLarge(f"this upload may have at most {most_parts} parts", upload_id=upload.id)
    return {
        number: objects.presign_part(upload.bucket, upload.key, multipart_id, number, expires_s=settings.presign_ttl_s)
        for number in numbers
    }


def stored_parts(upload: Upload, objects: Objects) -> tuple[Part, ...]:
    """The parts that S3 holds.

    Of a file that has been put together, S3 knows only how many they were. They are listed all the same, under the
    whole file's etag and with equal sizes, so that a client that missed the end asks for it again, and hears of it.

    Raises:
        UploadNotOpen: If it was cancelled, or has expired.
    """
    parts = objects.list_parts(upload.bucket, upload.key, _parts_of(upload))
    if parts is not None:
        return parts
    try:
        head = objects.head(upload.bucket, upload.key)
    except ObjectMissing as error:
        raise _closed(upload) from error
    count = int(head.etag.rpartition("-")[2]) if "-" in head.etag else 1
    return tuple(Part(number + 1, head.etag, -(-head.size_bytes // count)) for number in range(count))


def abort(upload: Upload, objects: Objects, table: Table, *, now_ms: int) -> None:
    """Cancel it, unless it is closed: Uppy removes files that are done, too."""
    try:
        cancel_upload(upload.id, objects, table, now_ms=now_ms)
    except UploadNotOpen:
        logger.info("nothing to cancel", extra={"upload_id": upload.id, "upload_status": upload.status.value})


def _upload_for(
    file: BrowserFile,
    token: UploadToken,
    objects: Objects,
    table: Table,
    settings: Settings,
    *,
    in_parts: bool,
    now_ms: int,
) -> Upload:
    upload_id = new_id(UPLOAD_PREFIX, now_ms, secrets.token_bytes(ENTROPY_BYTES))
    if not table.take_place(token, upload_id):
        return _same_again(file, token, table)
    new = NewUpload(
        filename=file.filename,
        content_type=file.content_type,
        expires_in_s=max(1, (token.expires_at_ms - now_ms) // 1000),
        passthrough=token.passthrough,
        meta={**file.meta, **token.meta},
        options=token.options,
        clip=token.clip,
        max_cost_usd=token.max_cost_usd,
        playback_policy=token.playback_policy,
        id=upload_id,
        in_parts=in_parts,
        upload_token_id=token.id,
        max_bytes=token.max_bytes,
    )
    return open_upload(new, objects, table, settings, now_ms=now_ms)


def _same_again(file: BrowserFile, token: UploadToken, table: Table) -> Upload:
    """The upload of a token that may open no other: its only one, or the last one, if the file has the same name."""
    spent = UploadTokenSpent(f"this upload token was for {token.max_files} files", upload_token_id=token.id)
    if token.upload_id is None:
        raise spent
    try:
        upload = table.get_upload(token.upload_id)
    except UploadNotFound as error:
        raise spent from error
    if token.max_files == 0:
        return _open(upload)
    if upload.status is not UploadStatus.WAITING or upload.filename != file.filename:
        raise spent
    return upload


def _open(upload: Upload) -> Upload:
    if upload.status is not UploadStatus.WAITING:
        raise _closed(upload)
    return upload


def _parts_of(upload: Upload) -> str:
    if upload.multipart_id is None:
        raise UploadNotOpen("the upload is not in parts", upload_id=upload.id)
    return upload.multipart_id


def _closed(upload: Upload) -> UploadNotOpen:
    return UploadNotOpen(f"the upload is {upload.status}", upload_id=upload.id, upload_status=upload.status.value)
