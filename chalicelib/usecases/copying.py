"""Copying one chunk of a source into segments: its bytes by few ranged reads, its boxes by media/remux.py.

Nothing is held but the samples of the chunk, and its receipt is written last.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from chalicelib.catalog import keys
from chalicelib.errors import CopyUnsuitable, PlanMismatch
from chalicelib.media.avc import begins_with_idr
from chalicelib.media.copy_plan import CopyChunk, CopyPlan, CopyTrack
from chalicelib.media.early import copied_init
from chalicelib.media.mp4index import ByteRange, Movie, coalesce
from chalicelib.media.plan import SourceIdentity
from chalicelib.media.receipt import ChunkReceipt, Segment, TrackReceipt
from chalicelib.media.remux import write_segment
from chalicelib.usecases.receipts import store_receipt
from chalicelib.usecases.workbench import IMMUTABLE

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.settings import Settings

_THREADS = 8
_READ_BYTES = 8 * 1024 * 1024
_GAP_BYTES = 256 * 1024
_MAX_RANGES = 256
_MAX_READ_BYTES = 192 * 1024 * 1024


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


def copy_segments(plan: CopyPlan, digest: str, index: int, movie: Movie, objects: Objects, settings: Settings) -> None:
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
    store_receipt(plan.asset_id, receipt, objects, settings)


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


def _init_name(track: CopyTrack) -> str:
    return f"{track.name}/{keys.INIT_NAME}"


def _content_type(plan: CopyPlan, track: CopyTrack) -> str:
    return "video/mp4" if track is plan.video.track else "audio/mp4"
