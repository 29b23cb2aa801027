"""Ingest: from stored bytes to an asset that is being prepared, or to one that says what is wrong with them.

It may run many times for one object: S3's event comes at least once, and the complete call runs the same code. The
invariant is the table's condition: only one of them moves the asset out of `waiting`, and only that one sends the
encode message. If it dies in between, the cleanup schedule sends the message.

What is wrong with the source ends on the asset at once and is not raised: another attempt would find the same. What is
wrong with the world is raised: Lambda tries again.

Objects put under uploads/ by other means than our API (`aws s3 cp`) become assets too, one for each (key, etag). So do
metadata files, which name their source (`usecases/ingest_metadata.py`).
"""

from __future__ import annotations

import hashlib
import io
import logging
from math import gcd
from typing import TYPE_CHECKING

import msgspec

from chalicelib.catalog import keys
from chalicelib.catalog.asset import (
    Asset,
    AssetChange,
    AssetError,
    AssetStatus,
    AudioInfo,
    ProgressState,
    SourceInfo,
    TextInfo,
    VideoInfo,
    awaited,
)
from chalicelib.catalog.ids import ASSET_PREFIX, ENTROPY_BYTES, is_id
from chalicelib.catalog.playback import new_asset_id
from chalicelib.catalog.upload import UploadStatus
from chalicelib.catalog.vod.mediainfo import json_tracks, mediainfo_record
from chalicelib.errors import AssetNotFound, EmptySource, UploadTooLarge, UserError
from chalicelib.usecases.asset_settings import largest_source
from chalicelib.usecases.budget import refuse_over_budget
from chalicelib.usecases.playback import policy_for

if TYPE_CHECKING:
    from chalicelib.aws.objects import ObjectHead, Objects
    from chalicelib.aws.queues import Queues
    from chalicelib.aws.table import Table
    from chalicelib.media.source import Source
    from chalicelib.settings import Settings
    from chalicelib.tools import Tools

logger = logging.getLogger(__name__)

_WAITING = frozenset({AssetStatus.WAITING})
_NO_UPLOAD = frozenset({EmptySource.code(), UploadTooLarge.code()})


def ingest_source(
    objects: Objects,
    table: Table,
    queues: Queues,
    tools: Tools,
    settings: Settings,
    *,
    bucket: str,
    key: str,
    now_ms: int,
) -> Asset:
    """Take in the object under `key`, unless that has been done. Returns the asset as it is afterwards.

    Raises:
        ObjectMissing: If there is no such object.
        SourceChanged: If it was replaced while it was looked at.
    """
    head = objects.head(bucket, key)
    asset = asset_of(table, head, bucket, key, settings, now_ms)
    return take_in(asset, head, objects, table, queues, tools, settings, now_ms=now_ms)


def take_in(
    asset: Asset,
    head: ObjectHead,
    objects: Objects,
    table: Table,
    queues: Queues,
    tools: Tools,
    settings: Settings,
    *,
    now_ms: int,
) -> Asset:
    """Take in the source of an asset, which `head` describes, unless that has been done."""
    bucket, key = asset.source_bucket, asset.source_key
    if asset.status is not AssetStatus.WAITING:
        if asset.source_etag not in (None, head.etag):
            logger.warning("the source was replaced after its ingest", extra={"asset_id": asset.id, "key": key})
        return asset
    try:
        refuse_over_budget(table, settings, now_ms=now_ms)
        source = _look_at(objects, tools, largest_source(asset.options, settings), head, bucket, key)
    except UserError as error:
        return refuse(asset, head, error, table, now_ms)
    changed = table.update_asset(
        asset.id, _ingested(head, source, key), expect=_WAITING, now_ms=now_ms, unchanged=_same(asset)
    )
    if changed is None:
        return table.get_asset(asset.id)
    queues.send_encode(asset.id, head.etag)
    _close_upload(changed, table, now_ms)
    logger.info("ingested", extra={"asset_id": asset.id, "size_bytes": head.size_bytes})
    return changed


def foreign_asset_id(bucket: str, key: str, head: ObjectHead, settings: Settings) -> str:
    """The id of the asset that an object under a foreign key becomes; the same for the same bytes put once."""
    digest = hashlib.sha256("\0".join((bucket, key, head.etag)).encode()).digest()
    return new_asset_id(policy_for(None, settings), head.last_modified_ms, digest[:ENTROPY_BYTES])


def asset_of(table: Table, head: ObjectHead, bucket: str, key: str, settings: Settings, now_ms: int) -> Asset:
    """The asset that the object belongs to, made if there is none."""
    asset_id = keys.asset_of_upload_key(key)
    filename = None
    if asset_id is None or not is_id(asset_id, ASSET_PREFIX):
        asset_id = foreign_asset_id(bucket, key, head, settings)
        filename = key.rpartition("/")[2]
    try:
        return table.get_asset(asset_id)
    except AssetNotFound:
        table.create_asset(awaited(asset_id, bucket, key, now_ms, filename=filename, content_type=head.content_type))
        return table.get_asset(asset_id)


def _look_at(objects: Objects, tools: Tools, limit: int | None, head: ObjectHead, bucket: str, key: str) -> Source:
    """Size, magic bytes, completeness and tracks, by ranged reads of this very etag."""
    if head.size_bytes == 0:
        raise EmptySource("the file is empty")
    if limit is not None and head.size_bytes > limit:
        raise UploadTooLarge(f"a source may have at most {limit} bytes, this has {head.size_bytes}")
    reader = objects.reader(bucket, key, head.size_bytes, etag=head.etag)
    with io.BufferedReader(reader) as file:
        return tools.mediainfo.probe(file, head.size_bytes)


def _ingested(head: ObjectHead, source: Source, key: str) -> AssetChange:
    return AssetChange(
        status=AssetStatus.PREPARING,
        state=ProgressState.INGESTING,
        source_etag=head.etag,
        source_size_bytes=head.size_bytes,
        source_info=_source_info(source),
        mediainfo=msgspec.json.encode(mediainfo_record(json_tracks(source.report), key)).decode(),
        aspect_ratio=_aspect_ratio(source),
        duration=source.duration,
    )


def refuse(asset: Asset, head: ObjectHead | None, error: UserError, table: Table, now_ms: int) -> Asset:
    """Put the error on the asset. `head` is of its source, None if there is none."""
    errored = AssetChange(
        status=AssetStatus.ERRORED,
        source_etag=head.etag if head else None,
        source_size_bytes=head.size_bytes if head else None,
        errors=(AssetError(error.code(), error.message),),
    )
    changed = table.update_asset(asset.id, errored, expect=_WAITING, now_ms=now_ms, unchanged=_same(asset))
    if changed is None:
        return table.get_asset(asset.id)
    _close_upload(changed, table, now_ms)
    logger.warning("source refused", extra={"asset_id": asset.id, "code": error.code(), "detail": error.message})
    return changed


def _same(asset: Asset) -> AssetChange:
    return AssetChange(attempt=asset.attempt)


def _close_upload(asset: Asset, table: Table, now_ms: int) -> None:
    """A client that never calls complete need not."""
    if asset.upload_id is not None:
        table.end_upload(asset.upload_id, upload_end(asset), now_ms=now_ms)


def upload_end(asset: Asset) -> UploadStatus:
    """How the upload of an asset ends whose bytes were looked at; what they are worth as a video is not its matter."""
    unfit = {error.code for error in asset.errors} & _NO_UPLOAD
    return UploadStatus.ERRORED if asset.status is AssetStatus.ERRORED and unfit else UploadStatus.COMPLETED


def _aspect_ratio(source: Source) -> str | None:
    if source.video is None:
        return None
    width, height = source.video.displayed_width, source.video.displayed_height
    common = gcd(width, height)
    return f"{width // common}:{height // common}"


def _source_info(source: Source) -> SourceInfo:
    video = source.video
    return SourceInfo(
        container=source.container.value,
        video=VideoInfo(video.codec, video.width, video.height, video.rotation, video.frame_rate) if video else None,
        audio=tuple(
            AudioInfo(track.codec, track.channels, track.sample_rate_hz, track.language) for track in source.audio
        ),
        text=tuple(TextInfo(track.codec, track.language, track.bitmap) for track in source.text),
    )
