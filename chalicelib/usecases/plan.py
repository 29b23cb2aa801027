"""Plan: look at the source whole, decide everything, freeze it.

The plan is stored under its own hash, so a second run either finds the very same plan or makes another one beside it;
chunks of one are never mixed with chunks of the other (DESIGN, law 1).
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.catalog import keys
from chalicelib.catalog.asset import Asset, AssetChange, AssetStatus, ProgressState
from chalicelib.errors import ObjectMissing, PlanMismatch, WorkSuperseded
from chalicelib.media.audio_commands import COVER_STREAM
from chalicelib.media.decide import PlanOptions, build_plan
from chalicelib.media.encoders import Quality
from chalicelib.media.plan import (
    Plan,
    Rendition,
    SourceIdentity,
    VideoCodec,
    VideoPlan,
    parse_plan,
    plan_bytes,
    plan_hash,
)
from chalicelib.media.prune import (
    first_needed,
    loss_arguments,
    peak_bitrate_bps,
    prune_plan,
    rungs_of,
    sample_times,
)
from chalicelib.usecases.asset_settings import settings_for
from chalicelib.usecases.source_cache import SOURCE_NAME, workspace
from chalicelib.usecases.withdraw import withdraw_if_deleted

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.aws.table import Table
    from chalicelib.settings import Settings
    from chalicelib.tools import Tools
    from chalicelib.usecases.progress import Clock

logger = logging.getLogger(__name__)

PREPARING = frozenset({AssetStatus.PREPARING})


def plan_render(
    asset_id: str,
    objects: Objects,
    table: Table,
    tools: Tools,
    settings: Settings,
    *,
    deadline: float,
    clock: Clock,
) -> dict[str, object]:
    """Make and store the plan of an asset that is being prepared.

    Args:
        deadline: On the clock of time.monotonic().

    Returns:
        `Items` are the indexes of all tasks: those of audio and text first, because each is one long piece of work.
        `Job` and `Assembly` are what the later steps are asked with.
    """
    asset = preparing_asset(asset_id, table)
    plan = _make_plan(asset, objects, tools, settings, deadline)
    document, digest = plan_bytes(plan), plan_hash(plan)
    key = keys.plan_key(asset_id, digest)
    if not objects.exists(settings.source_bucket, key):
        objects.write(settings.source_bucket, key, document, content_type="application/json")
        withdraw_if_deleted(asset_id, objects, table, settings)
    change = AssetChange(
        state=ProgressState.ENCODING, plan_hash=digest, task_count=plan.task_count, duration=plan.duration
    )
    table.update_asset(asset_id, change, expect=PREPARING, now_ms=clock(), unchanged=AssetChange(attempt=asset.attempt))
    logger.info("planned", extra={"plan_hash": digest, "tasks": plan.task_count, "seconds": str(plan.duration)})
    job = {"AssetId": asset_id, "PlanHash": digest}
    return {
        "PlanHash": digest,
        "ChunkCount": plan.task_count,
        "MaxParallelChunks": settings.max_parallel_chunks,
        "Items": [*range(plan.video_tasks, plan.task_count), *range(plan.video_tasks)],
        "Job": job,
        "Assembly": job,
    }


def load_plan(asset_id: str, digest: str, objects: Objects, settings: Settings) -> Plan:
    """The stored plan of this hash.

    Raises:
        PlanMismatch: If there is none, or it is not what its name says.
    """
    try:
        document = objects.read(settings.source_bucket, keys.plan_key(asset_id, digest))
    except ObjectMissing as error:
        raise PlanMismatch("there is no such plan", asset_id=asset_id, plan_hash=digest) from error
    if hashlib.sha256(document).hexdigest() != digest:
        raise PlanMismatch("the stored plan has another hash", asset_id=asset_id, plan_hash=digest)
    return parse_plan(document)


def preparing_asset(asset_id: str, table: Table, attempt: int | None = None) -> Asset:
    """Raises WorkSuperseded if the asset is not being prepared, or by another attempt than the one given."""
    asset = table.get_asset(asset_id)
    if asset.status is not AssetStatus.PREPARING or attempt not in (None, asset.attempt):
        raise WorkSuperseded("the asset is no longer being prepared", asset_id=asset_id, status=asset.status.value)
    return asset


def _make_plan(asset: Asset, objects: Objects, tools: Tools, settings: Settings, deadline: float) -> Plan:
    identity = source_identity(asset)
    with workspace(identity, objects) as folder:
        path = folder / SOURCE_NAME
        with path.open("rb") as file:
            source = tools.mediainfo.probe(file, identity.size_bytes)
        scan = tools.ffmpeg.scan_packets(path, container=source.container, deadline=deadline)
        if source.cover and not tools.ffmpeg.can_decode(path, source.container, COVER_STREAM, deadline):
            source = replace(source, cover=False)
        plan = build_plan(
            asset_id=asset.id,
            identity=identity,
            source=source,
            scan=scan,
            options=_options(settings_for(asset.options, settings)),
            ffmpeg_version=tools.ffmpeg.version(),
            clip=asset.clip,
        )
        if not settings_for(asset.options, settings).prune_ladder or plan.video is None:
            return plan
        needed = _first_needed(plan, plan.video, path, tools, deadline)
    peak_bps = peak_bitrate_bps(scan.video, source.video.codec) if scan.video and source.video else None
    return prune_plan(plan, needed, peak_bps)


def _options(settings: Settings) -> PlanOptions:
    return PlanOptions(
        ladder=settings.ladder,
        codecs=tuple(VideoCodec(codec) for codec in settings.codecs),
        quality=Quality(settings.quality),
        max_frame_rate=Fraction(settings.max_frame_rate),
        segment_seconds=settings.segment_seconds,
        chunk_seconds=settings.chunk_seconds,
        keep_surround=settings.keep_surround,
    )


def _first_needed(plan: Plan, video: VideoPlan, path: Path, tools: Tools, deadline: float) -> int:
    """Look at as many pictures as it takes."""
    rungs = rungs_of(video.renditions)

    def lost(rung: Rendition, time: Fraction) -> int | None:
        return tools.ffmpeg.lost_detail(loss_arguments(plan, rungs[0], rung, time, str(path)), deadline=deadline)

    return first_needed(rungs, sample_times(video), lost) if len(rungs) > 1 else 0


def source_identity(asset: Asset) -> SourceIdentity:
    if asset.source_etag is None or asset.source_size_bytes is None:
        raise WorkSuperseded("the asset has not been ingested", asset_id=asset.id)
    return SourceIdentity(asset.source_bucket, asset.source_key, asset.source_etag, asset.source_size_bytes)
