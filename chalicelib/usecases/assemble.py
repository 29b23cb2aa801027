"""Assemble: the receipts add up to the plan, so write the manifests, the HLS multivariant playlist last.

Reads no media and writes no media: its time does not depend on the length of the video beyond its number of segments
(DESIGN, laws 3 and 5).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.catalog import keys
from chalicelib.catalog.asset import AssetChange, ProgressState, RenditionInfo, TrackInfo, TrackType
from chalicelib.media.dash import mpd
from chalicelib.media.hls import iframe_playlist, media_playlist, multivariant_playlist, text_playlist
from chalicelib.media.plan import Plan
from chalicelib.media.presentation import Presentation, present
from chalicelib.media.receipt import ChunkReceipt
from chalicelib.media.storyboard import storyboard_vtt
from chalicelib.usecases.plan import PREPARING, load_plan, preparing_asset
from chalicelib.usecases.receipts import stored_receipt
from chalicelib.usecases.withdraw import withdraw_if_deleted
from chalicelib.usecases.workbench import IMMUTABLE

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.aws.table import Table
    from chalicelib.settings import Settings
    from chalicelib.usecases.progress import Clock

logger = logging.getLogger(__name__)

_THREADS = 16
_HLS_TYPE = "application/vnd.apple.mpegurl"
_DASH_TYPE = "application/dash+xml"


@dataclass(frozen=True, slots=True)
class _Document:
    """`name` is relative to the publication's prefix."""

    name: str
    text: str
    content_type: str


def assemble(
    asset_id: str, plan_hash: str, objects: Objects, table: Table, settings: Settings, *, clock: Clock
) -> dict[str, object]:
    """Publish what the tasks of a plan have made.

    Raises:
        AssemblyFailed: If they have not made all of it, or not as planned.
        WorkSuperseded: If the asset is no longer being prepared.
    """
    asset = preparing_asset(asset_id, table)
    plan = load_plan(asset_id, plan_hash, objects, settings)
    still = AssetChange(attempt=asset.attempt)
    packaging = AssetChange(state=ProgressState.PACKAGING)
    table.update_asset(asset_id, packaging, expect=PREPARING, now_ms=clock(), unchanged=still)
    presentation = present(plan, plan_hash, _receipts(asset_id, plan_hash, plan, objects, settings))
    prefix = keys.media_prefix(asset_id, plan_hash)

    def store(document: _Document) -> None:
        objects.write(
            settings.media_bucket,
            f"{prefix}{document.name}",
            document.text.encode(),
            content_type=document.content_type,
            cache_control=IMMUTABLE,
        )

    with ThreadPoolExecutor(_THREADS) as threads:
        list(threads.map(store, _documents(plan, presentation)))
    store(_Document(keys.HLS_NAME, multivariant_playlist(presentation), _HLS_TYPE))
    published = _published(plan, presentation, prefix)
    table.update_asset(asset_id, published, expect=PREPARING, now_ms=clock(), unchanged=still)
    withdraw_if_deleted(asset_id, objects, table, settings)
    logger.info("assembled", extra={"plan_hash": plan_hash, "seconds": str(presentation.duration)})
    return {"PlanHash": plan_hash, "HlsKey": f"{prefix}{keys.HLS_NAME}", "DashKey": f"{prefix}{keys.DASH_NAME}"}


def _receipts(asset_id: str, plan_hash: str, plan: Plan, objects: Objects, settings: Settings) -> list[ChunkReceipt]:
    """Those that are there; what is missing is found by `present`."""

    def read(index: int) -> ChunkReceipt | None:
        return stored_receipt(asset_id, plan_hash, index, objects, settings)

    with ThreadPoolExecutor(_THREADS) as threads:
        return [receipt for receipt in threads.map(read, range(plan.task_count)) if receipt is not None]


def _documents(plan: Plan, presentation: Presentation) -> Iterator[_Document]:
    """Everything but the multivariant playlist."""
    for video in presentation.video:
        yield _Document(f"{video.name}/{keys.HLS_NAME}", media_playlist(presentation, video), _HLS_TYPE)
        yield _Document(f"{video.name}/{keys.IFRAMES_NAME}", iframe_playlist(presentation, video), _HLS_TYPE)
    for audio in presentation.audio:
        yield _Document(f"{audio.name}/{keys.HLS_NAME}", media_playlist(presentation, audio), _HLS_TYPE)
    for text in presentation.text:
        yield _Document(f"{text.name}/{keys.HLS_NAME}", text_playlist(presentation.duration), _HLS_TYPE)
    if plan.video is not None:
        storyboard = storyboard_vtt(plan.video, duration=presentation.duration)
        yield _Document(keys.STORYBOARD_NAME, storyboard, "text/vtt")
    yield _Document(keys.DASH_NAME, mpd(presentation), _DASH_TYPE)


def _published(plan: Plan, presentation: Presentation, prefix: str) -> AssetChange:
    loudest = max((track.bitrate.peak_bps for track in presentation.audio if track.channels <= 2), default=0)
    has_video = plan.video is not None
    recipes = {rendition.name: rendition for rendition in (plan.video.renditions if plan.video else ())}
    return AssetChange(
        duration=presentation.duration,
        renditions=tuple(
            RenditionInfo(track.name, track.width, track.height, track.bitrate.peak_bps + loudest, recipes[track.name])
            for track in presentation.video
        ),
        tracks=tuple(_tracks(presentation, prefix)),
        hls_key=f"{prefix}{keys.HLS_NAME}",
        dash_key=f"{prefix}{keys.DASH_NAME}",
        poster_key=f"{prefix}{keys.POSTER_NAME}" if has_video or plan.cover else None,
        storyboard_key=f"{prefix}{keys.STORYBOARD_NAME}" if has_video else None,
    )


def _tracks(presentation: Presentation, prefix: str) -> Iterator[TrackInfo]:
    """Sound and text as the customer sees them: the same sound in stereo and in 5.1 is two tracks."""
    for audio in presentation.audio:
        yield TrackInfo(
            type=TrackType.AUDIO,
            language=audio.language,
            name=audio.label,
            channels=audio.channels,
            default=audio is presentation.audio[0],
        )
    for text in presentation.text:
        yield TrackInfo(
            type=TrackType.TEXT,
            language=text.language,
            name=text.label,
            forced=text.forced,
            key=f"{prefix}{text.name}/{keys.SUBTITLES_NAME}",
        )
