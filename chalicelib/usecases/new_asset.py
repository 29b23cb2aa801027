"""A new asset out of a file that nobody uploads: fetched from a URL, or named in a bucket.

A URL is only checked here; a worker fetches it (`fetch_source.py`). An object is taken in at once, where it is: it is
not copied, and not deleted with the asset.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from chalicelib.catalog import origin
from chalicelib.catalog.asset import Asset, awaited
from chalicelib.catalog.fetch import KEPT_S, Fetch
from chalicelib.catalog.ids import ENTROPY_BYTES
from chalicelib.catalog.keys import upload_key
from chalicelib.catalog.options import NO_OPTIONS, AssetOptions
from chalicelib.catalog.origin import Origin
from chalicelib.catalog.playback import PlaybackPolicy, new_asset_id
from chalicelib.errors import ObjectMissing, SourceGone
from chalicelib.usecases.asset_settings import check_encoder
from chalicelib.usecases.budget import refuse_over_budget
from chalicelib.usecases.ingest import take_in
from chalicelib.usecases.playback import policy_for
from chalicelib.usecases.tracks import Wish, add_wishes, check_wishes

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.aws.queues import Queues
    from chalicelib.aws.table import Table
    from chalicelib.media.timing import TimeRange
    from chalicelib.settings import Settings
    from chalicelib.tools import Tools
    from chalicelib.tools.download import Download


@dataclass(frozen=True, slots=True)
class NewAsset:
    """What a client asks for, beside where the source is."""

    clip: TimeRange | None = None
    passthrough: str | None = None
    meta: dict[str, Any] = field(default_factory=dict)
    max_cost_usd: Fraction | None = None
    playback_policy: PlaybackPolicy | None = None
    options: AssetOptions = NO_OPTIONS
    captions: tuple[Wish, ...] = ()


def create_from_url(
    url: str,
    new: NewAsset,
    download: Download,
    objects: Objects,
    table: Table,
    queues: Queues,
    settings: Settings,
    *,
    now_ms: int,
) -> Asset:
    """Make the asset, and have its source fetched.

    Raises:
        UrlNotAllowed: If this deployment fetches nothing from there.
        InvalidRequest: If the encoder is one that this deployment does not have.
        CaptionsInvalid, TrackExists: If captions that came with it are no good.
        MonthlyBudgetSpent: If nothing new may be begun this month.
    """
    download.check(url)
    shown = origin.shown_url(url)
    asset = _asset(new, Origin(url=shown), None, origin.filename_of(shown), settings, now_ms)
    _check(asset, new, table, settings, now_ms)
    # What is to be fetched first: an asset without it would wait for ever.
    table.put_fetch(Fetch(asset.id, url, asset.attempt, now_ms // 1000 + KEPT_S, lease_until_ms=now_ms))
    table.create_asset(asset)
    add_wishes(asset, new.captions, objects, table, settings, now_ms=now_ms)
    queues.send_fetch(asset.id)
    return asset


def create_from_object(
    uri: str,
    new: NewAsset,
    objects: Objects,
    table: Table,
    queues: Queues,
    tools: Tools,
    settings: Settings,
    *,
    now_ms: int,
) -> Asset:
    """Make the asset and take in the object.

    Raises:
        LocationNotAllowed: If it is none that may be named.
        SourceGone: If there is none.
        InvalidRequest, CaptionsInvalid, TrackExists, MonthlyBudgetSpent: As above.
    """
    buckets = [settings.source_bucket, *filter(None, [settings.extra_source_bucket])]
    bucket, key = origin.named_object(uri, buckets)
    try:
        head = objects.head(bucket, key)
    except ObjectMissing as error:
        raise SourceGone(f"there is no s3://{bucket}/{key}") from error
    named = Origin(s3=f"s3://{bucket}/{key}")
    asset = _asset(new, named, (bucket, key), origin.filename_of(key), settings, now_ms)
    _check(asset, new, table, settings, now_ms)
    table.create_asset(asset)
    add_wishes(asset, new.captions, objects, table, settings, now_ms=now_ms)
    return take_in(asset, head, objects, table, queues, tools, settings, now_ms=now_ms)


def _asset(
    new: NewAsset,
    source: Origin,
    where: tuple[str, str] | None,
    filename: str | None,
    settings: Settings,
    now_ms: int,
) -> Asset:
    policy = policy_for(new.playback_policy, settings)
    asset_id = new_asset_id(policy, now_ms, secrets.token_bytes(ENTROPY_BYTES))
    bucket, key = where or (settings.source_bucket, upload_key(asset_id))
    return replace(
        awaited(asset_id, bucket, key, now_ms, filename=filename),
        passthrough=new.passthrough,
        meta=new.meta,
        options=new.options,
        clip=new.clip,
        max_cost_usd=new.max_cost_usd,
        origin=source,
    )


def _check(asset: Asset, new: NewAsset, table: Table, settings: Settings, now_ms: int) -> None:
    refuse_over_budget(table, settings, now_ms=now_ms)
    check_encoder(new.options.encoder, settings)
    check_wishes(asset.id, new.captions, now_ms=now_ms)
