"""The short steps of publishing: may it begin, is it whole, it is ready.

Each is safe to repeat, and each finds out whether the asset was deleted, cancelled or begun again in the meantime.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from chalicelib.catalog import keys
from chalicelib.catalog.asset import AssetChange, AssetStatus, ProgressState
from chalicelib.catalog.options import Encoder
from chalicelib.catalog.playback import PlaybackPolicy, policy_of
from chalicelib.errors import ObjectMissing, SourceChanged, WorkSuperseded
from chalicelib.media.plan import Plan
from chalicelib.usecases.asset_settings import settings_for
from chalicelib.usecases.plan import PREPARING, load_plan, preparing_asset
from chalicelib.usecases.publish_tracks import ASSEMBLED, publish_tracks
from chalicelib.usecases.receipts import stored_receipt
from chalicelib.usecases.renditions import request_defaults
from chalicelib.usecases.transcode import encoder_of
from chalicelib.usecases.validate_job import validate_job

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.aws.queues import Queues
    from chalicelib.aws.table import Table
    from chalicelib.settings import Settings

logger = logging.getLogger(__name__)

_THREADS = 16
_SILENT_TRANSITIONS = 4
"""Render, CountChunks, the Map and the start of the execution: transitions that no function of ours sees."""


def probe(
    asset_id: str, attempt: int, etag: str, objects: Objects, table: Table, deployment: Settings, *, now_ms: int
) -> dict[str, object]:
    """Begin an attempt. Says which ways through the state machine it takes.

    Raises:
        WorkSuperseded: If the asset does not wait for this attempt.
        SourceChanged: If the stored object is no longer the one that was ingested.
    """
    asset = preparing_asset(asset_id, table, attempt)
    if objects.head(asset.source_bucket, asset.source_key).etag != etag:
        raise SourceChanged("the source was replaced after its ingest", asset_id=asset_id)
    settings = settings_for(asset.options, deployment)
    choice = encoder_of(asset, settings)
    # By itself: the state of an attempt that was begun again is further on already, and stays there.
    for change in (AssetChange(encoder=choice.encoder), AssetChange(state=ProgressState.PROBING)):
        table.update_asset(asset_id, change, expect=PREPARING, now_ms=now_ms, unchanged=AssetChange(attempt=attempt))
    logger.info("encoder chosen", extra={"encoder": choice.encoder.value, "reason": choice.reason})
    return {
        "AssetId": asset_id,
        "Encoder": choice.encoder.value,
        "Archive": settings.archive_source,
        # MediaPackage reads HLS over MPEG-TS, which MediaConvert writes and our workers do not.
        # Its endpoints are open to all, so signed assets have none.
        "Package": bool(settings.mediapackage_group)
        and choice.encoder is Encoder.MEDIACONVERT
        and policy_of(asset_id) is PlaybackPolicy.PUBLIC,
    }


def validate(
    asset_id: str, plan_hash: str, objects: Objects, table: Table, settings: Settings, *, now_ms: int
) -> dict[str, object]:
    """Look for what a player asks for first, and last.

    Raises:
        ObjectMissing: Which names the object that a player would miss.
    """
    asset = preparing_asset(asset_id, table)
    if asset.encoder is Encoder.MEDIACONVERT:
        return validate_job(asset, plan_hash, objects, table, settings, now_ms=now_ms)
    plan = load_plan(asset_id, plan_hash, objects, settings)
    names = [*_first_asked(plan), *_end_segments(asset_id, plan_hash, plan, objects, settings)]
    prefix = keys.media_prefix(asset_id, plan_hash)
    with ThreadPoolExecutor(_THREADS) as threads:
        list(threads.map(lambda name: objects.head(settings.media_bucket, f"{prefix}{name}"), names))
    return {"AssetId": asset_id}


def finish(
    asset_id: str,
    attempt: int,
    plan_hash: str,
    objects: Objects,
    table: Table,
    queues: Queues,
    settings: Settings,
    *,
    now_ms: int,
) -> dict[str, object]:
    """The asset is ready, with the tracks that were added to it, and what is to be made of every asset is asked for.

    Raises:
        WorkSuperseded: If it is not this attempt that it waits for.
    """
    before = table.get_asset(asset_id)
    if (before.attempt, before.plan_hash) == (attempt, plan_hash):
        publish_tracks(asset_id, objects, table, settings, expect=ASSEMBLED, now_ms=now_ms)
    ready = AssetChange(status=AssetStatus.READY, state=ProgressState.COMPLETED)
    still = AssetChange(attempt=attempt, plan_hash=plan_hash)
    asset = table.update_asset(asset_id, ready, expect=PREPARING, now_ms=now_ms, unchanged=still)
    if asset is None:
        asset = table.get_asset(asset_id)
        if asset.status is not AssetStatus.READY or asset.plan_hash != plan_hash:
            raise WorkSuperseded("the asset is no longer being prepared", asset_id=asset_id, status=asset.status.value)
    else:
        # A job of MediaConvert is one state; its tasks are hundredths.
        tasks = 0 if asset.encoder is Encoder.MEDIACONVERT else asset.task_count
        table.add_work(asset_id, transitions=tasks + _SILENT_TRANSITIONS, now_ms=now_ms)
        logger.info("ready", extra={"asset_id": asset_id, "plan_hash": plan_hash})
    # Those that came between the two.
    publish_tracks(asset_id, objects, table, settings, now_ms=now_ms)
    request_defaults(asset, table, queues, settings, now_ms=now_ms)
    return {"AssetId": asset_id, "Status": asset.status.value, "HlsKey": asset.hls_key, "DashKey": asset.dash_key}


def _end_segments(asset_id: str, plan_hash: str, plan: Plan, objects: Objects, settings: Settings) -> list[str]:
    """The names of where each rendition begins and ends, as the first and the last chunk have them."""
    if plan.video is None:
        return []
    first, last = 0, plan.video_tasks - 1
    receipts = {index: stored_receipt(asset_id, plan_hash, index, objects, settings) for index in {first, last}}
    names = []
    for index, position in ((first, 0), (last, -1)):
        receipt = receipts[index]
        if receipt is None:
            raise ObjectMissing("a chunk has no receipt", plan_hash=plan_hash, index=index)
        names += [f"{track.track}/{track.segments[position].name}" for track in receipt.tracks]
    return names


def _first_asked(plan: Plan) -> list[str]:
    names = [keys.HLS_NAME, keys.DASH_NAME]
    video = plan.video
    if video is not None:
        names += [keys.POSTER_NAME, keys.STORYBOARD_NAME]
        for rendition in video.renditions:
            names += [f"{rendition.name}/{name}" for name in (keys.HLS_NAME, keys.INIT_NAME)]
    elif plan.cover:
        names.append(keys.POSTER_NAME)
    for audio in plan.audio:
        names += [f"{audio.name}/{name}" for name in (keys.HLS_NAME, keys.INIT_NAME, keys.segment_name(1))]
    return names
