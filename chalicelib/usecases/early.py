"""The early publication: standard input plays seconds after its upload, long before its ladder is encoded.

Three steps, the first before the ladder is begun, the others beside it:

- start: read the index, cut, write the first chunk and the playlists. From here on the asset is playable. Its time does
  not depend on the length of the source, but for the size of the index.
- copy: write one more chunk. Many run side by side; each reads its own bytes of the source, so no step is O(file).
- extend: let the playlists grow by the chunks that are there in a row, and say which ones to copy next. Only this step
  writes playlists after the first, one run at a time, so they never shrink.

A plan, its hash and its receipts are what they are for chunks (DESIGN, laws 1 and 2). The final publication has another
prefix: a player that began with this one keeps it to the end, so copying goes on when the ladder is ready first.
"""

from __future__ import annotations

import hashlib
import io
import logging
from bisect import bisect_right
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from chalicelib.catalog import keys
from chalicelib.catalog.asset import Asset, AssetChange, AssetStatus
from chalicelib.errors import CopyUnsuitable, ObjectMissing, PlanMismatch, WorkSuperseded
from chalicelib.media.avc import begins_with_idr
from chalicelib.media.early import (
    CopyChunk,
    CopyPlan,
    CopyTrack,
    copied_init,
    copy_plan_bytes,
    copy_plan_hash,
    early_presentation,
    parse_copy_plan,
    plan_copy,
)
from chalicelib.media.hls import media_playlist, multivariant_playlist
from chalicelib.media.mp4index import ByteRange, Movie, coalesce, find_index, read_index
from chalicelib.media.plan import SourceIdentity
from chalicelib.media.receipt import ChunkReceipt, Segment, TrackReceipt, receipt_bytes
from chalicelib.media.remux import write_segment
from chalicelib.usecases.plan import PREPARING, source_identity
from chalicelib.usecases.render_chunk import IMMUTABLE

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.aws.table import Table
    from chalicelib.settings import Settings
    from chalicelib.usecases.progress import Clock

logger = logging.getLogger(__name__)

GROWING = "public, max-age=1"
"""A CDN may keep a playlist that grows for as long as CloudFront's shortest time."""

_HLS_TYPE = "application/vnd.apple.mpegurl"
_THREADS = 8
_READ_BYTES = 8 * 1024 * 1024
_GAP_BYTES = 256 * 1024
_MAX_RANGES = 256
_MAX_READ_BYTES = 192 * 1024 * 1024
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
        index = _find_index(identity, objects)
        movie = _read_index(identity, index, objects)
        plan = plan_copy(
            asset_id=asset_id,
            identity=identity,
            index=index,
            movie=movie,
            segment_seconds=settings.segment_seconds,
        )
        digest = copy_plan_hash(plan)
        _write_plan(plan, digest, objects, settings)
        _copy(plan, digest, 0, movie, objects, settings)
    except CopyUnsuitable as reason:
        logger.info("not playable early", extra={"reason": reason.message, "context": reason.context})
        return {"PlanHash": "", "Count": 0, "Items": [], "MaxParallelChunks": settings.max_parallel_chunks}
    done = _chunks_done(asset_id, digest, objects, settings)
    _write_playlists(plan, digest, done, objects, settings, first=True)
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
        _copy(plan, plan_hash, index, _read_index(plan.source, plan.index, objects), objects, settings)
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
    _write_playlists(plan, plan_hash, done, objects, settings, first=False)
    logger.info("extended", extra={"chunks_done": done, "chunks": len(plan.chunks)})
    return _next_wave(plan, plan_hash, done, settings)


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


class _Media:
    """The bytes of some samples of the source, fetched by as few requests as make sense."""

    def __init__(self, source: SourceIdentity, wanted: Iterable[ByteRange], objects: Objects) -> None:
        ranges = coalesce(wanted, max_gap_bytes=_GAP_BYTES)
        if len(ranges) > _MAX_RANGES or sum(each.end - each.start for each in ranges) > _MAX_READ_BYTES:
            raise CopyUnsuitable("the samples of a chunk are scattered over the file", ranges=len(ranges))
        parts = [
            ByteRange(start, min(start + _READ_BYTES, each.end))
            for each in ranges
            for start in range(each.start, each.end, _READ_BYTES)
        ]

        def fetch(part: ByteRange) -> bytes:
            return objects.read_range(source.bucket, source.key, part.start, part.end, etag=source.etag)

        with ThreadPoolExecutor(_THREADS) as threads:
            fetched = zip(parts, threads.map(fetch, parts), strict=True)
            held: dict[int, list[bytes]] = {each.start: [] for each in ranges}
            self._starts = sorted(held)
            for part, data in fetched:
                held[self._starts[bisect_right(self._starts, part.start) - 1]].append(data)
        self._data = [memoryview(b"".join(held.pop(start))) for start in self._starts]

    def take(self, wanted: ByteRange) -> memoryview:
        index = bisect_right(self._starts, wanted.start) - 1
        start = self._starts[index]
        return self._data[index][wanted.start - start : wanted.end - start]


def _copy(plan: CopyPlan, digest: str, index: int, movie: Movie, objects: Objects, settings: Settings) -> None:
    """Write the segments of a chunk, and last its receipt."""
    chunk = plan.chunks[index]
    media = _Media(plan.source, _sample_ranges(plan, chunk, movie), objects)
    prefix = keys.early_prefix(plan.asset_id, digest)

    def store(name: str, data: bytes, content_type: str) -> None:
        key = f"{prefix}{name}"
        objects.write(settings.media_bucket, key, data, content_type=content_type, cache_control=IMMUTABLE)

    def copy(task: tuple[CopyTrack, int]) -> Segment:
        track, number = task
        segment, data = _segment(plan, track, number, movie, media)
        store(f"{track.name}/{keys.segment_name(number + 1)}", data, _content_type(plan, track))
        return segment

    tracks = []
    with ThreadPoolExecutor(_THREADS) as threads:
        if index == 0:
            inits = [(track, copied_init(plan, track, movie)) for track in plan.tracks]
            list(threads.map(lambda pair: store(_init_name(pair[0]), pair[1], _content_type(plan, pair[0])), inits))
        for track in plan.tracks:
            tasks = [(track, n) for n in range(chunk.first_segment, min(chunk.end_segment, len(track.segments)))]
            written = tuple(threads.map(copy, tasks))
            tracks.append(TrackReceipt(track.name, track.codec, track.timescale, track.init_sha256, written))
    receipt = ChunkReceipt(plan_hash=digest, index=index, tracks=tuple(tracks), tiles=0)
    key = keys.receipt_key(plan.asset_id, digest, index)
    objects.write(settings.source_bucket, key, receipt_bytes(receipt), content_type="application/json")


def _sample_ranges(plan: CopyPlan, chunk: CopyChunk, movie: Movie) -> Iterable[ByteRange]:
    for track in plan.tracks:
        samples = movie.tracks[track.position].samples
        for segment in track.segments[chunk.first_segment : chunk.end_segment]:
            for sample in range(segment.first_sample, segment.end_sample):
                yield samples.range_of(sample)


def _segment(plan: CopyPlan, track: CopyTrack, number: int, movie: Movie, media: _Media) -> tuple[Segment, bytes]:
    """Segment `number`, counted from 0, as the plan has it."""
    planned = track.segments[number]
    samples = movie.tracks[track.position].samples
    bodies = [media.take(samples.range_of(sample)) for sample in range(planned.first_sample, planned.end_sample)]
    if track is plan.video.track and not begins_with_idr(bodies[0], plan.video.nal_length_bytes):
        raise CopyUnsuitable("a keyframe needs what is before it", segment=number + 1)
    data = write_segment(
        samples,
        planned.first_sample,
        planned.end_sample,
        bodies,
        number=number + 1,
        decode_time_ticks=planned.decode_time_ticks,
        first_delay_ticks=track.first_delay_ticks,
    )
    segment = Segment(
        number=number + 1,
        size_bytes=len(data),
        duration_ticks=planned.duration_ticks,
        decode_time_ticks=planned.decode_time_ticks,
        samples=len(bodies),
        iframes=(),
        sha256=hashlib.sha256(data).hexdigest(),
    )
    if segment.size_bytes != planned.size_bytes:
        raise PlanMismatch("a segment has another size than planned", track=track.name, segment=number + 1)
    return segment, data


def _write_playlists(
    plan: CopyPlan, digest: str, done: int, objects: Objects, settings: Settings, *, first: bool
) -> None:
    """The media playlists of the chunks that are there; the multivariant playlist at the first time, last."""
    presentation = early_presentation(plan, done)
    prefix = keys.early_prefix(plan.asset_id, digest)
    complete = done == len(plan.chunks)

    def store(name: str, text: str, cache_control: str) -> None:
        key = f"{prefix}{name}"
        objects.write(settings.media_bucket, key, text.encode(), content_type=_HLS_TYPE, cache_control=cache_control)

    for track in presentation.tracks:
        text = media_playlist(presentation, track, complete=complete)
        store(f"{track.name}/{keys.HLS_NAME}", text, IMMUTABLE if complete else GROWING)
    if first:
        store(keys.HLS_NAME, multivariant_playlist(presentation, iframes=False), IMMUTABLE)


def _init_name(track: CopyTrack) -> str:
    return f"{track.name}/{keys.INIT_NAME}"


def _content_type(plan: CopyPlan, track: CopyTrack) -> str:
    return "video/mp4" if track is plan.video.track else "audio/mp4"
