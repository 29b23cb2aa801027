"""A new asset out of a part of another one's source.

The source is copied inside S3, so that each asset owns its own: deleting one takes nothing from the other. Frames are
cut by the plan, later; here a range is only kept. A part of a part counts from the part's own beginning.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from chalicelib.catalog.asset import Asset, AssetChange, AssetStatus, awaited
from chalicelib.catalog.ids import ENTROPY_BYTES
from chalicelib.catalog.keys import upload_key
from chalicelib.catalog.options import NO_OPTIONS, AssetOptions
from chalicelib.catalog.playback import PlaybackPolicy, new_asset_id, policy_of
from chalicelib.errors import InvalidRequest, ObjectMissing, SluiceError, SourceChanged, SourceGone
from chalicelib.media.timing import TimeRange
from chalicelib.usecases.asset_settings import check_encoder
from chalicelib.usecases.budget import refuse_over_budget
from chalicelib.usecases.ingest import ingest_source
from chalicelib.usecases.tracks import Wish, add_wishes, check_wishes

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.aws.queues import Queues
    from chalicelib.aws.table import Table
    from chalicelib.settings import Settings
    from chalicelib.tools import Tools

_WAITING = frozenset({AssetStatus.WAITING})


@dataclass(frozen=True, slots=True)
class NewClip:
    """What a client asks for. `clip` counts from the beginning of what `source` shows, whose policy is the default."""

    source: Asset
    clip: TimeRange
    passthrough: str | None = None
    meta: dict[str, Any] = field(default_factory=dict)
    max_cost_usd: Fraction | None = None
    playback_policy: PlaybackPolicy | None = None
    options: AssetOptions = NO_OPTIONS
    captions: tuple[Wish, ...] = ()


def create_clip(
    new: NewClip, objects: Objects, table: Table, queues: Queues, tools: Tools, settings: Settings, *, now_ms: int
) -> Asset:
    """Make the asset, copy the source and take it in.

    Raises:
        InvalidRequest: If the range lies behind the end of the source, as far as that is known, or the encoder is one
            that this deployment does not have.
        CaptionsInvalid, TrackExists: If captions that came with it are no good.
        MonthlyBudgetSpent: If nothing new may be begun this month.
        SourceGone: If the source was not taken in, is gone or was replaced.
    """
    refuse_over_budget(table, settings, now_ms=now_ms)
    check_encoder(new.options.encoder, settings)
    other = new.source
    clip = _within(new.clip, other)
    if other.source_etag is None or other.source_size_bytes is None:
        raise SourceGone("the asset has no source yet", asset_id=other.id)
    asset_id = new_asset_id(new.playback_policy or policy_of(other.id), now_ms, secrets.token_bytes(ENTROPY_BYTES))
    bucket, key = settings.source_bucket, upload_key(asset_id)
    asset = replace(
        awaited(asset_id, bucket, key, now_ms, filename=other.filename, content_type=other.content_type),
        passthrough=new.passthrough,
        meta=new.meta,
        options=new.options,
        clip=clip,
        max_cost_usd=new.max_cost_usd,
    )
    check_wishes(asset_id, new.captions, now_ms=now_ms)
    # The record first: the object's own event must find the range.
    table.create_asset(asset)
    try:
        objects.copy(
            (other.source_bucket, other.source_key),
            asset.source_bucket,
            asset.source_key,
            etag=other.source_etag,
            size_bytes=other.source_size_bytes,
            content_type=other.content_type or "application/octet-stream",
        )
    except SluiceError as error:
        # Nobody was told of this asset.
        cancelled = AssetChange(status=AssetStatus.CANCELLED)
        table.update_asset(asset_id, cancelled, expect=_WAITING, now_ms=now_ms)
        if isinstance(error, ObjectMissing | SourceChanged):
            raise SourceGone("the source of the asset is gone", asset_id=other.id) from error
        raise
    add_wishes(asset, new.captions, objects, table, settings, now_ms=now_ms)
    return ingest_source(
        objects, table, queues, tools, settings, bucket=asset.source_bucket, key=asset.source_key, now_ms=now_ms
    )


def _within(clip: TimeRange, other: Asset) -> TimeRange:
    """The range on the source's own clock."""
    if other.duration is not None and clip.start >= other.duration:
        errors = [{"pointer": "/input/start", "detail": "Expected a time before the end of the asset", "in": "body"}]
        raise InvalidRequest("input/start: the range begins behind the end of the asset", errors=errors)
    if other.clip is None:
        return clip
    end = None if clip.end is None else other.clip.start + clip.end
    ends = [each for each in (end, other.clip.end) if each is not None]
    return TimeRange(other.clip.start + clip.start, min(ends, default=None))
