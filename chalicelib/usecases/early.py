"""The early publication: standard input plays seconds after its upload, long before its ladder is encoded.

Four steps, the first before the ladder is begun, the others beside it:

- start: read the index, cut, write the first chunk and the playlists. From here on the asset is playable. Its time does
  not depend on the length of the source, but for the size of the index.
- copy: write one more chunk. Many run side by side; each reads its own bytes of the source, so no step is O(file).
- extend: let the playlists grow by the chunks that are there in a row, and say which ones to copy next. Only this step
  writes playlists after the first, one run at a time, so they never shrink.
- end: when copying has failed, the playlists end with what is there, so that players do not wait for more.

A plan, its hash and its receipts are what they are for chunks (DESIGN, laws 1 and 2). The final publication has another
prefix: a player that began with this one keeps it to the end, so copying goes on when the ladder is ready first.
"""

from __future__ import annotations

import hashlib
import io
import logging
from typing import TYPE_CHECKING

from chalicelib.catalog import keys
from chalicelib.catalog.asset import Asset, AssetChange, AssetStatus
from chalicelib.errors import CopyUnsuitable, ObjectMissing, PlanMismatch, WorkSuperseded
from chalicelib.media.copy_plan import CopyPlan, copy_plan_bytes, copy_plan_hash, parse_copy_plan
from chalicelib.media.early import plan_copy
from chalicelib.media.early_presentation import early_presentation
from chalicelib.media.hls import media_playlist, multivariant_playlist
from chalicelib.media.mp4index import ByteRange, Movie, find_index, read_index
from chalicelib.media.plan import SourceIdentity
from chalicelib.usecases.copying import copy_segments
from chalicelib.usecases.plan import PREPARING, source_identity
from chalicelib.usecases.withdraw import withdraw_if_given_up
from chalicelib.usecases.workbench import IMMUTABLE

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.aws.table import Table
    from chalicelib.settings import Settings
    from chalicelib.usecases.progress import Clock

logger = logging.getLogger(__name__)

GROWING = "public, max-age=1"
"""A CDN may keep a playlist that grows for as long as CloudFront's shortest time."""

_HLS_TYPE = "application/vnd.apple.mpegurl"
_WAVE_FACTOR = 4
"""Each wave copies so many times what is there: playlists grow early and often, then in long strides."""

_LIVING = frozenset({AssetStatus.PREPARING, AssetStatus.READY})


def start_early(
    asset_id: str, attempt: int, objects: Objects, table: Table, settings: Settings, *, clock: Clock
) -> dict[str, object]:
    """Make the asset playable, if its source is standard input.

    Returns:
        `Items` are the chunks to copy next, none if that is all or the source is not standard input.

    Raises:
        WorkSuperseded: If the asset is not, or no longer, prepared by this attempt.
        SourceChanged: If the source was replaced.
    """
    asset = _living_asset(asset_id, table, attempt)
    identity = source_identity(asset)
    try:
        if asset.clip is not None:
            raise CopyUnsuitable("a part of the source is published, and copies are cut at keyframes only")
        plan, movie = _make_plan(asset_id, identity, objects, settings)
        digest = copy_plan_hash(plan)
        _write_plan(plan, digest, objects, settings)
        copy_segments(plan, digest, 0, movie, objects, settings)
    except CopyUnsuitable as reason:
        logger.info("not playable early", extra={"reason": reason.message, "context": reason.context})
        return {"PlanHash": "", "Count": 0, "Items": [], "MaxParallelChunks": settings.max_parallel_chunks}
    done = _chunks_done(asset_id, digest, objects, settings)
    _write_playlists(plan, digest, done, objects, settings, first=True)
    withdraw_if_given_up(asset_id, objects, table, settings)
    key = f"{keys.early_prefix(asset_id, digest)}{keys.HLS_NAME}"
    still = AssetChange(attempt=attempt, hls_key=None)
    if table.update_asset(asset_id, AssetChange(hls_key=key), expect=PREPARING, now_ms=clock(), unchanged=still):
        logger.info("playable", extra={"event": "asset.playable", "hls_key": key, "chunks": len(plan.chunks)})
    return _next_wave(plan, digest, done, settings)


def copy_chunk(
    asset_id: str, plan_hash: str, index: int, objects: Objects, table: Table, settings: Settings
) -> dict[str, object]:
    """Copy one chunk, unless its receipt is there.

    Raises:
        PlanMismatch: If there is no such plan, or it has no such chunk.
        WorkSuperseded: If the asset is gone or has failed.
        CopyUnsuitable: If a segment would not begin with a picture that needs nothing before it.
    """
    _living_asset(asset_id, table)
    plan = _load_plan(asset_id, plan_hash, objects, settings)
    if not 0 <= index < len(plan.chunks):
        raise PlanMismatch("the plan has no such chunk", plan_hash=plan_hash, index=index)
    if not objects.exists(settings.source_bucket, keys.receipt_key(asset_id, plan_hash, index)):
        copy_segments(plan, plan_hash, index, _read_index(plan.source, plan.index, objects), objects, settings)
        withdraw_if_given_up(asset_id, objects, table, settings)
    return {"ChunkIndex": index}


def extend_early(
    asset_id: str, plan_hash: str, objects: Objects, table: Table, settings: Settings
) -> dict[str, object]:
    """Add to the playlists what was copied. Returns what `start_early` does."""
    _living_asset(asset_id, table)
    plan = _load_plan(asset_id, plan_hash, objects, settings)
    done = _chunks_done(asset_id, plan_hash, objects, settings)
    if done == 0:
        raise PlanMismatch("nothing of the plan was copied", plan_hash=plan_hash)
    _write_playlists(plan, plan_hash, done, objects, settings)
    withdraw_if_given_up(asset_id, objects, table, settings)
    logger.info("extended", extra={"chunks_done": done, "chunks": len(plan.chunks)})
    return _next_wave(plan, plan_hash, done, settings)


def end_early(
    asset_id: str, plan_hash: str | None, objects: Objects, table: Table, settings: Settings
) -> dict[str, object]:
    """End the playlists with the chunks that are there in a row, whatever has become of the asset.

    Args:
        plan_hash: None if the start did not get as far as saying it; the plan is then made once more.
    """
    withdraw_if_given_up(asset_id, objects, table, settings)
    if plan_hash is not None:
        plan = _load_plan(asset_id, plan_hash, objects, settings)
    else:
        identity = source_identity(table.get_asset(asset_id))
        try:
            plan, _movie = _make_plan(asset_id, identity, objects, settings)
        except CopyUnsuitable:
            return {"ChunksDone": 0}
    digest = copy_plan_hash(plan)
    done = _chunks_done(asset_id, digest, objects, settings)
    if done:
        _write_playlists(plan, digest, done, objects, settings, ended=True)
        withdraw_if_given_up(asset_id, objects, table, settings)
    logger.info("copying ended", extra={"chunks_done": done, "chunks": len(plan.chunks)})
    return {"ChunksDone": done}


def _living_asset(asset_id: str, table: Table, attempt: int | None = None) -> Asset:
    asset = table.get_asset(asset_id)
    if asset.status not in _LIVING or attempt not in (None, asset.attempt):
        raise WorkSuperseded("nobody waits for the asset any more", asset_id=asset_id, status=asset.status.value)
    return asset


def _find_index(source: SourceIdentity, objects: Objects) -> ByteRange:
    with io.BufferedReader(objects.reader(source.bucket, source.key, source.size_bytes, etag=source.etag)) as file:
        return find_index(file)


def _read_index(source: SourceIdentity, index: ByteRange, objects: Objects) -> Movie:
    moov = objects.read_range(source.bucket, source.key, index.start, index.end, etag=source.etag)
    return read_index(moov, source.size_bytes)


def _make_plan(asset_id: str, identity: SourceIdentity, objects: Objects, settings: Settings) -> tuple[CopyPlan, Movie]:
    index = _find_index(identity, objects)
    movie = _read_index(identity, index, objects)
    plan = plan_copy(
        asset_id=asset_id, identity=identity, index=index, movie=movie, segment_seconds=settings.segment_seconds
    )
    return plan, movie


def _write_plan(plan: CopyPlan, digest: str, objects: Objects, settings: Settings) -> None:
    key = keys.plan_key(plan.asset_id, digest)
    objects.write(settings.source_bucket, key, copy_plan_bytes(plan), content_type="application/json")


def _load_plan(asset_id: str, digest: str, objects: Objects, settings: Settings) -> CopyPlan:
    try:
        document = objects.read(settings.source_bucket, keys.plan_key(asset_id, digest))
    except ObjectMissing as error:
        raise PlanMismatch("there is no such plan", asset_id=asset_id, plan_hash=digest) from error
    if hashlib.sha256(document).hexdigest() != digest:
        raise PlanMismatch("the stored plan has another hash", asset_id=asset_id, plan_hash=digest)
    return parse_copy_plan(document)


def _chunks_done(asset_id: str, digest: str, objects: Objects, settings: Settings) -> int:
    return keys.receipts_done(objects.list_keys(settings.source_bucket, keys.receipts_prefix(asset_id, digest)))


def _next_wave(plan: CopyPlan, digest: str, done: int, settings: Settings) -> dict[str, object]:
    items = [*range(done, min(len(plan.chunks), done + _WAVE_FACTOR * done))]
    return {
        "PlanHash": digest,
        "Count": len(items),
        "Items": items,
        "MaxParallelChunks": settings.max_parallel_chunks,
    }


def _write_playlists(
    plan: CopyPlan,
    digest: str,
    done: int,
    objects: Objects,
    settings: Settings,
    *,
    first: bool = False,
    ended: bool = False,
) -> None:
    """The media playlists of the chunks that are there; the multivariant playlist at the first time, last.

    They end with the plan's last chunk, or when copying has `ended` before.
    """
    presentation = early_presentation(plan, done)
    prefix = keys.early_prefix(plan.asset_id, digest)
    complete = ended or done == len(plan.chunks)

    def store(name: str, text: str, cache_control: str) -> None:
        key = f"{prefix}{name}"
        objects.write(settings.media_bucket, key, text.encode(), content_type=_HLS_TYPE, cache_control=cache_control)

    for track in presentation.tracks:
        text = media_playlist(presentation, track, complete=complete)
        store(f"{track.name}/{keys.HLS_NAME}", text, IMMUTABLE if complete else GROWING)
    if first:
        store(keys.HLS_NAME, multivariant_playlist(presentation, iframes=False), IMMUTABLE)
