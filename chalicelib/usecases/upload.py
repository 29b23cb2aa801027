"""Uploads: open one, sign its URLs, complete, cancel or expire it.

Invariants: the asset's id exists before the first byte is sent; no byte passes through here; an upload that is closed
stays closed, and whoever asks again gets the same answer. The size is checked before ingest: parts sent through
presigned URLs cannot be held to one by S3.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from chalicelib.catalog.asset import AssetChange, AssetError, AssetStatus, awaited
from chalicelib.catalog.ids import ENTROPY_BYTES, UPLOAD_PREFIX, new_id
from chalicelib.catalog.keys import upload_key
from chalicelib.catalog.options import NO_OPTIONS, AssetOptions
from chalicelib.catalog.playback import PlaybackPolicy, new_asset_id
from chalicelib.catalog.upload import Upload, UploadStatus, part_count, part_size
from chalicelib.errors import (
    AssetNotFound,
    ObjectMissing,
    UploadExpired,
    UploadIncomplete,
    UploadNotOpen,
    UploadTooLarge,
)
from chalicelib.usecases.asset_settings import check_encoder
from chalicelib.usecases.budget import refuse_over_budget
from chalicelib.usecases.ingest import ingest_source, upload_end
from chalicelib.usecases.playback import policy_for
from chalicelib.usecases.tracks import Wish, add_wishes, check_wishes

if TYPE_CHECKING:
    from chalicelib.aws.multipart import Part
    from chalicelib.aws.objects import Objects
    from chalicelib.aws.queues import Queues
    from chalicelib.aws.table import Table
    from chalicelib.media.timing import TimeRange
    from chalicelib.settings import Settings
    from chalicelib.tools import Tools

logger = logging.getLogger(__name__)

_WAITING = frozenset({AssetStatus.WAITING})


@dataclass(frozen=True, slots=True)
class NewUpload:
    """What a client announces.

    Attributes:
        size_bytes: None if it does not know or say, which allows a single PUT, or parts as the client cuts them.
        id: Of the upload, where it had to be known before.
        in_parts: Whether it is sent in parts whatever its size.
        upload_token_id, max_bytes: As in `Upload`.
    """

    filename: str
    content_type: str
    size_bytes: int | None = None
    expires_in_s: int | None = None
    passthrough: str | None = None
    meta: dict[str, Any] = field(default_factory=dict)
    options: AssetOptions = NO_OPTIONS
    clip: TimeRange | None = None
    max_cost_usd: Fraction | None = None
    playback_policy: PlaybackPolicy | None = None
    id: str | None = None
    in_parts: bool = False
    upload_token_id: str | None = None
    max_bytes: int | None = None
    captions: tuple[Wish, ...] = ()


def open_upload(new: NewUpload, objects: Objects, table: Table, settings: Settings, *, now_ms: int) -> Upload:
    """Make the upload and its asset, both waiting.

    Raises:
        UploadTooLarge: If the announced size is above `upload_max_bytes`.
        InvalidRequest: If the encoder is one that this deployment does not have.
        CaptionsInvalid: If captions that came with it are no good.
        TrackExists: If two of its captions have one language and name.
        MonthlyBudgetSpent: If nothing new may be begun this month.
    """
    refuse_over_budget(table, settings, now_ms=now_ms)
    check_encoder(new.options.encoder, settings)
    _refuse_too_large(new.size_bytes, settings.upload_max_bytes)
    asset_id = new_asset_id(policy_for(new.playback_policy, settings), now_ms, secrets.token_bytes(ENTROPY_BYTES))
    check_wishes(asset_id, new.captions, now_ms=now_ms)
    key = upload_key(asset_id)
    part_bytes = part_size(new.size_bytes) if new.size_bytes is not None else None
    multipart_id = None
    if part_bytes is not None or new.in_parts:
        multipart_id = objects.create_multipart(settings.source_bucket, key, content_type=new.content_type)
    upload = Upload(
        id=new.id or new_id(UPLOAD_PREFIX, now_ms, secrets.token_bytes(ENTROPY_BYTES)),
        asset_id=asset_id,
        status=UploadStatus.WAITING,
        bucket=settings.source_bucket,
        key=key,
        filename=new.filename,
        content_type=new.content_type,
        size_bytes=new.size_bytes,
        part_size_bytes=part_bytes,
        multipart_id=multipart_id,
        created_at_ms=now_ms,
        updated_at_ms=now_ms,
        expires_at_ms=now_ms + 1000 * (new.expires_in_s or settings.upload_ttl_s),
        upload_token_id=new.upload_token_id,
        max_bytes=new.max_bytes,
    )
    asset = replace(
        awaited(asset_id, upload.bucket, key, now_ms, filename=new.filename, content_type=new.content_type),
        upload_id=upload.id,
        passthrough=new.passthrough,
        meta=new.meta,
        options=new.options,
        clip=new.clip,
        max_cost_usd=new.max_cost_usd,
    )
    # The upload first: without its asset it still expires, and an asset without an upload would wait for ever.
    table.create_upload(upload)
    table.create_asset(asset)
    add_wishes(asset, new.captions, objects, table, settings, now_ms=now_ms)
    return upload


def most_bytes(upload: Upload, settings: Settings) -> int:
    """How large the file may be."""
    limits = (settings.upload_max_bytes, upload.max_bytes, upload.size_bytes)
    return min(limit for limit in limits if limit is not None)


def sign_put(upload: Upload, objects: Objects, settings: Settings) -> str:
    """The URL for the one PUT of a single upload, good for exactly the announced size."""
    return objects.presign_put(
        upload.bucket, upload.key, expires_s=settings.presign_ttl_s, size_bytes=upload.size_bytes
    )


def sign_parts(
    upload: Upload, objects: Objects, settings: Settings, *, first: int, count: int
) -> tuple[tuple[int, str], ...]:
    """(part number, URL) for at most `count` parts from number `first` on, which is 1 for the first part."""
    if upload.multipart_id is None:
        return ()
    numbers = range(first, min(first + count, part_count(upload) + 1))
    return tuple(
        (
            number,
            objects.presign_part(
                upload.bucket, upload.key, upload.multipart_id, number, expires_s=settings.presign_ttl_s
            ),
        )
        for number in numbers
    )


def complete_upload(
    upload_id: str,
    listed: Sequence[tuple[int, str]] | None,
    objects: Objects,
    table: Table,
    queues: Queues,
    tools: Tools,
    settings: Settings,
    *,
    now_ms: int,
) -> Upload:
    """Close an upload whose bytes have all arrived, and start its ingest. Doing it twice is doing it once.

    Args:
        listed: (part number, etag) as the client noted them; None or empty to take the parts that S3 holds.

    Raises:
        UploadNotFound: If there is no such upload.
        UploadNotOpen: If it was cancelled, or expired.
        UploadIncomplete: If bytes are missing; the upload stays open.
        UploadTooLarge: If there are more than announced or allowed.
    """
    upload = table.get_upload(upload_id)
    if upload.status is UploadStatus.COMPLETED:
        return upload
    # One that has errored is looked at again, so that each call is answered alike.
    if upload.status not in (UploadStatus.WAITING, UploadStatus.ERRORED):
        raise UploadNotOpen(f"the upload is {upload.status}", upload_id=upload.id, upload_status=upload.status.value)
    if upload.multipart_id is not None:
        _join_parts(upload, upload.multipart_id, listed, objects, settings)
    _check_stored(upload, objects, settings)
    asset = ingest_source(objects, table, queues, tools, settings, bucket=upload.bucket, key=upload.key, now_ms=now_ms)
    return table.end_upload(upload.id, upload_end(asset), now_ms=now_ms) or table.get_upload(upload.id)


def cancel_upload(upload_id: str, objects: Objects, table: Table, *, now_ms: int) -> Upload:
    """Close a waiting upload, drop its bytes and cancel its asset. Doing it twice is doing it once.

    Raises:
        UploadNotFound: If there is no such upload.
        UploadNotOpen: If it was completed, or expired.
    """
    ended = table.end_upload(upload_id, UploadStatus.CANCELLED, now_ms=now_ms)
    if ended is not None and ended.upload_token_id is not None:
        table.give_place_back(ended.upload_token_id)
    upload = ended or table.get_upload(upload_id)
    if upload.status is not UploadStatus.CANCELLED:
        raise UploadNotOpen(f"the upload is {upload.status}", upload_id=upload.id, upload_status=upload.status.value)
    cancelled = AssetChange(status=AssetStatus.CANCELLED)
    asset = table.update_asset(upload.asset_id, cancelled, expect=_WAITING, now_ms=now_ms)
    if (asset or table.get_asset(upload.asset_id)).status is AssetStatus.CANCELLED:
        drop_bytes(upload, objects)
    return upload


def expire_upload(
    upload: Upload,
    objects: Objects,
    table: Table,
    queues: Queues,
    tools: Tools,
    settings: Settings,
    *,
    now_ms: int,
) -> None:
    """Close a waiting upload whose time is over; if its bytes came and S3's event was lost, ingest them instead."""
    try:
        asset = table.get_asset(upload.asset_id)
    except AssetNotFound:
        table.end_upload(upload.id, UploadStatus.EXPIRED, now_ms=now_ms)
        drop_bytes(upload, objects)
        return
    if asset.status is AssetStatus.WAITING and objects.exists(upload.bucket, upload.key):
        asset = ingest_source(
            objects, table, queues, tools, settings, bucket=upload.bucket, key=upload.key, now_ms=now_ms
        )
    late = UploadExpired("the bytes did not arrive in time")
    # An earlier run may have come so far and no further.
    is_told = any(error.code == late.code() for error in asset.errors)
    if asset.status is not AssetStatus.WAITING and not is_told:
        table.end_upload(upload.id, upload_end(asset), now_ms=now_ms)
        return
    errored = AssetChange(status=AssetStatus.ERRORED, errors=(AssetError(late.code(), late.message),))
    table.update_asset(asset.id, errored, expect=_WAITING, now_ms=now_ms)
    table.end_upload(upload.id, UploadStatus.EXPIRED, now_ms=now_ms)
    drop_bytes(upload, objects)
    logger.info("upload expired", extra={"upload_id": upload.id, "asset_id": asset.id})


def _join_parts(
    upload: Upload,
    multipart_id: str,
    listed: Sequence[tuple[int, str]] | None,
    objects: Objects,
    settings: Settings,
) -> None:
    stored = objects.list_parts(upload.bucket, upload.key, multipart_id)
    if stored is None:
        return  # completed by an earlier call that went no further; the stored object decides
    chosen = _chosen(listed, stored)
    numbers = {number for number, _ in chosen}
    # Before they are one object: S3's event would have it ingested.
    _check_size(sum(part.size_bytes for part in stored if part.number in numbers), upload, settings)
    if not chosen:
        raise UploadIncomplete("no part of the file has arrived", upload_id=upload.id)
    objects.complete_multipart(upload.bucket, upload.key, multipart_id, chosen)


def _chosen(listed: Sequence[tuple[int, str]] | None, stored: Sequence[Part]) -> list[tuple[int, str]]:
    if listed:
        return sorted((number, etag.strip('"')) for number, etag in listed)
    return [(part.number, part.etag) for part in stored]


def _check_stored(upload: Upload, objects: Objects, settings: Settings) -> None:
    try:
        stored_bytes = objects.head(upload.bucket, upload.key).size_bytes
    except ObjectMissing as error:
        raise UploadIncomplete("no byte of the file has arrived", upload_id=upload.id) from error
    _check_size(stored_bytes, upload, settings)


def _check_size(stored_bytes: int, upload: Upload, settings: Settings) -> None:
    limit_bytes = min(settings.upload_max_bytes, upload.max_bytes or settings.upload_max_bytes)
    _refuse_too_large(stored_bytes, limit_bytes)
    if upload.size_bytes is None or stored_bytes == upload.size_bytes:
        return
    sizes = {"stored_bytes": stored_bytes, "announced_bytes": upload.size_bytes}
    if stored_bytes > upload.size_bytes:
        raise UploadTooLarge("more bytes were stored than announced", **sizes)
    raise UploadIncomplete("fewer bytes were stored than announced", **sizes)


def _refuse_too_large(size_bytes: int | None, limit_bytes: int) -> None:
    if size_bytes is not None and size_bytes > limit_bytes:
        raise UploadTooLarge(
            f"a source may have at most {limit_bytes} bytes", size_bytes=size_bytes, limit_bytes=limit_bytes
        )


def drop_bytes(upload: Upload, objects: Objects) -> None:
    """Remove whatever of the upload is stored; nothing happens if nothing is."""
    if upload.multipart_id is not None:
        objects.abort_multipart(upload.bucket, upload.key, upload.multipart_id)
    objects.delete(upload.bucket, upload.key)
