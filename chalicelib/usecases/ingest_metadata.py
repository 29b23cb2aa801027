"""Ingest by metadata file: a JSON object in the bucket names the video, and chooses settings for it.

One asset for each (key, etag) of the file, so the same event twice finds the same asset, and another version of the
file makes another one. What is wrong with the file ends on that asset. A retry reads the file again, because what it
names may have come meanwhile.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.catalog.asset import Asset, AssetChange, AssetStatus, MetadataFile, awaited
from chalicelib.catalog.keys import RENDERS_PREFIX
from chalicelib.catalog.vod.metadata import MAX_BYTES, Metadata, parse_metadata
from chalicelib.errors import AssetNotFound, MetadataInvalid, ObjectMissing, SourceChanged, UserError
from chalicelib.usecases.asset_settings import check_options
from chalicelib.usecases.ingest import foreign_asset_id, ingest_source, refuse, take_in
from chalicelib.usecases.tracks import name_tracks

if TYPE_CHECKING:
    from chalicelib.aws.objects import ObjectHead, Objects
    from chalicelib.aws.queues import Queues
    from chalicelib.aws.table import Table
    from chalicelib.settings import Settings
    from chalicelib.tools import Tools

_WAITING = frozenset({AssetStatus.WAITING})


def ingest_metadata(
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
    """Take in what the metadata file under `key` names, unless that has been done.

    Raises:
        ObjectMissing: If there is no such file.
    """
    head = objects.head(bucket, key)
    asset = _asset_of(table, MetadataFile(bucket, key, head.etag, head.size_bytes), head, settings, now_ms)
    return ingest_asset(asset, objects, table, queues, tools, settings, now_ms=now_ms)


def ingest_asset(
    asset: Asset, objects: Objects, table: Table, queues: Queues, tools: Tools, settings: Settings, *, now_ms: int
) -> Asset:
    """Take in the source of an asset that waits, by whatever way it came."""
    bucket, key = asset.source_bucket, asset.source_key
    if asset.origin is not None and asset.origin.s3 is not None:
        return take_in(asset, objects.head(bucket, key), objects, table, queues, tools, settings, now_ms=now_ms)
    if asset.metadata is None:
        return ingest_source(objects, table, queues, tools, settings, bucket=bucket, key=key, now_ms=now_ms)
    if asset.status is not AssetStatus.WAITING:
        return asset
    try:
        named, head = _named(asset.metadata, objects, settings)
    except UserError as error:
        return refuse(asset, None, error, table, now_ms)
    change = AssetChange(
        source_bucket=named.src_bucket or settings.source_bucket,
        source_key=named.src_video,
        filename=named.src_video.rpartition("/")[2],
        content_type=head.content_type,
        options=named.options,
        meta=dict(named.extra),
    )
    same = AssetChange(attempt=asset.attempt)
    changed = table.update_asset(asset.id, change, expect=_WAITING, now_ms=now_ms, unchanged=same)
    if changed is None:
        return table.get_asset(asset.id)
    name_tracks(asset.id, named.captions, table, now_ms=now_ms)
    return take_in(changed, head, objects, table, queues, tools, settings, now_ms=now_ms)


def _asset_of(table: Table, file: MetadataFile, head: ObjectHead, settings: Settings, now_ms: int) -> Asset:
    asset_id = foreign_asset_id(file.bucket, file.key, head, settings)
    try:
        return table.get_asset(asset_id)
    except AssetNotFound:
        name = file.key.rpartition("/")[2]
        # The source is the file itself, until it is known what it names.
        new = awaited(asset_id, file.bucket, file.key, now_ms, filename=name, content_type=head.content_type)
        table.create_asset(replace(new, metadata=file))
        return table.get_asset(asset_id)


def _named(file: MetadataFile, objects: Objects, settings: Settings) -> tuple[Metadata, ObjectHead]:
    """What the file says, and the object that it names.

    Raises:
        MetadataInvalid: Which names the field.
    """
    if file.size_bytes > MAX_BYTES:
        raise MetadataInvalid(f"a metadata file may have at most {MAX_BYTES} bytes", field="")
    try:
        named = parse_metadata(objects.read_range(file.bucket, file.key, 0, file.size_bytes, etag=file.etag))
    except (SourceChanged, ObjectMissing) as error:
        raise MetadataInvalid("the metadata file was replaced or removed before it was read", field="") from error
    check_options(named.options, settings)
    bucket = named.src_bucket or settings.source_bucket
    if bucket not in (settings.source_bucket, settings.extra_source_bucket):
        raise MetadataInvalid(f"srcBucket {bucket} is not a bucket that this deployment reads", field="srcBucket")
    if named.dest_bucket not in (None, settings.media_bucket):
        raise MetadataInvalid(f"destBucket: this deployment writes to {settings.media_bucket} only", field="destBucket")
    if bucket == settings.source_bucket and named.src_video.startswith(RENDERS_PREFIX):
        raise MetadataInvalid(f"srcVideo lies under {RENDERS_PREFIX}, which is ours", field="srcVideo")
    try:
        return named, objects.head(bucket, named.src_video)
    except ObjectMissing as error:
        raise MetadataInvalid(f"srcVideo: there is no s3://{bucket}/{named.src_video}", field="srcVideo") from error
