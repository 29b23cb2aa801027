"""RenderChunk: one task of a plan, from the source on disk to final segments in the media bucket.

A task is a chunk of video in every rendition (one decode), or one whole audio track, or all of the text. Everything it
writes has a name that follows from (plan, index) and bytes that do too, so a task that is repeated changes nothing
(DESIGN, law 2). The receipt is written last: who finds it has nothing left to do.

Video and sound never touch the worker's disk: the encoder writes into pipes, and each segment is stored as soon as it
is whole, while the next is being encoded. What proves inexact on the way is encoded again, and stored over what it
left; no receipt names that. Stills and subtitles are small files, read when the encoder has ended.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from chalicelib.catalog import keys
from chalicelib.errors import ChunkInexact, ObjectMissing, PlanMismatch
from chalicelib.media.audio_commands import audio_command, cover_command, text_command
from chalicelib.media.cmaf import (
    Proof,
    exact_audio,
    exact_video,
    read_track,
    segments,
    track_receipt,
)
from chalicelib.media.commands import SPRITE_NAME, Command, chunk_command, seek_pads
from chalicelib.media.plan import AudioRendition, Chunk, Plan, VideoPlan
from chalicelib.media.receipt import ChunkReceipt, TextReceipt, TrackReceipt, parse_receipt, receipt_bytes
from chalicelib.media.webvtt import read_cues, subtitles_vtt
from chalicelib.tools.pipes import read_while_running
from chalicelib.usecases.plan import load_plan, preparing_asset
from chalicelib.usecases.source_cache import SOURCE_NAME, workspace
from chalicelib.usecases.withdraw import withdraw_if_deleted

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.aws.table import Table
    from chalicelib.settings import Settings
    from chalicelib.tools import Tools
    from chalicelib.usecases.progress import Clock, Meter

logger = logging.getLogger(__name__)

IMMUTABLE = "public, max-age=31536000, immutable"
SMALL_FILE_LIMIT_BYTES = 64 * 1024**2
"""Largest file that the encoder may write: a sprite, a poster or subtitles, never pictures that move or sound."""


@dataclass(frozen=True, slots=True)
class ChunkJob:
    """Task `index` of a plan. `deadline` is on the clock of time.monotonic()."""

    asset_id: str
    plan_hash: str
    index: int
    deadline: float


@dataclass(frozen=True, slots=True)
class _Bench:
    """What a task works with: its plan, its folder with the source, and where its products go."""

    plan: Plan
    folder: Path
    deadline: float
    tools: Tools
    objects: Objects
    bucket: str
    prefix: str

    def run(self, command: Command) -> None:
        """Run the encoder to its end; what it makes are small files."""
        self.tools.ffmpeg.run(
            command.arguments, cwd=self.folder, deadline=self.deadline, file_limit_bytes=SMALL_FILE_LIMIT_BYTES
        )

    def stream(
        self, command: Command, readers: Mapping[str, Callable[[BinaryIO], TrackReceipt]]
    ) -> tuple[TrackReceipt, ...]:
        """Run the encoder while each reader reads the output it is named after."""
        return tuple(read_while_running(partial(self.run, command), self.folder, readers).values())

    def store(self, name: str, data: bytes | Path, content_type: str) -> None:
        self.objects.write(
            self.bucket, f"{self.prefix}{name}", data, content_type=content_type, cache_control=IMMUTABLE
        )


def render_chunk(
    job: ChunkJob, objects: Objects, table: Table, tools: Tools, settings: Settings, *, meter: Meter, clock: Clock
) -> dict[str, object]:
    """Do the task, unless its receipt is there.

    Raises:
        PlanMismatch: If there is no such plan, or it has no such task.
        WorkSuperseded: If the asset is no longer being prepared.
        DeadlineNear: If the time is not enough; nothing is left running.
    """
    preparing_asset(job.asset_id, table)
    plan = load_plan(job.asset_id, job.plan_hash, objects, settings)
    if not 0 <= job.index < plan.task_count:
        raise PlanMismatch("the plan has no such task", plan_hash=job.plan_hash, index=job.index)
    receipt = stored_receipt(job.asset_id, job.plan_hash, job.index, objects, settings)
    if receipt is None:
        receipt = _render(job, plan, objects, tools, settings)
        key = keys.receipt_key(job.asset_id, job.plan_hash, job.index)
        objects.write(settings.source_bucket, key, receipt_bytes(receipt), content_type="application/json")
        withdraw_if_deleted(job.asset_id, objects, table, settings)
    billed_ms = meter.billed_ms()
    table.mark_task_done(
        job.asset_id, job.plan_hash, job.index, billed_ms=billed_ms, memory_mb=meter.memory_mb, now_ms=clock()
    )
    meter.settled = True
    return {
        "ChunkIndex": job.index,
        "Sha256": hashlib.sha256(receipt_bytes(receipt)).hexdigest(),
        "FramesEncoded": sum(segment.samples for track in receipt.tracks[:1] for segment in track.segments)
        if plan.video
        else 0,
        "DurationMs": billed_ms,
    }


def stored_receipt(
    asset_id: str, plan_hash: str, index: int, objects: Objects, settings: Settings
) -> ChunkReceipt | None:
    """The receipt of a task, or None as long as it is not done."""
    try:
        return parse_receipt(objects.read(settings.source_bucket, keys.receipt_key(asset_id, plan_hash, index)))
    except ObjectMissing:
        return None


def _render(job: ChunkJob, plan: Plan, objects: Objects, tools: Tools, settings: Settings) -> ChunkReceipt:
    prefix = keys.media_prefix(job.asset_id, job.plan_hash)
    with workspace(plan.source, objects) as folder:
        bench = _Bench(plan, folder, job.deadline, tools, objects, settings.media_bucket, prefix)
        if job.index == plan.text_index:
            return ChunkReceipt(job.plan_hash, job.index, tracks=(), tiles=0, texts=_render_texts(bench))
        if plan.video is not None and job.index < plan.video_tasks:
            tracks, tiles = _render_video(bench, plan.video, plan.video.chunks[job.index])
        else:
            tracks, tiles = (_render_audio(bench, plan.audio[job.index - plan.video_tasks]),), 0
    return ChunkReceipt(plan_hash=job.plan_hash, index=job.index, tracks=tracks, tiles=tiles)


def _render_video(bench: _Bench, video: VideoPlan, chunk: Chunk) -> tuple[tuple[TrackReceipt, ...], int]:
    receipts, outputs = _encode_exactly(bench, video, chunk)
    if keys.POSTER_NAME in outputs:
        bench.store(keys.POSTER_NAME, bench.folder / keys.POSTER_NAME, "image/jpeg")
    bench.store(keys.sprite_name(chunk.index), bench.folder / SPRITE_NAME, "image/jpeg")
    return receipts, video.tiles_of(chunk)


def _encode_exactly(bench: _Bench, video: VideoPlan, chunk: Chunk) -> tuple[tuple[TrackReceipt, ...], tuple[str, ...]]:
    """Encode until the frames are the plan's, seeking ahead further each time. The tracks' receipts, and all outputs.

    The first fragment that differs from the plan ends a try.
    """
    proof = partial(
        exact_video,
        frame_rate=video.frame_rate,
        start_frame=chunk.start_frame,
        end_frame=chunk.end_frame,
        gop_frames=video.gop_frames,
    )
    gops = video.segment_frames // video.gop_frames
    readers = {
        f"{rendition.name}.mp4": partial(
            _store_track, bench, rendition.name, proof, chunk.first_segment, fragments_per_segment=gops
        )
        for rendition in video.renditions
    }
    before: Command | None = None
    inexact: ChunkInexact | None = None
    for pad in seek_pads(bench.plan.container):
        command = chunk_command(bench.plan, chunk.index, SOURCE_NAME, pad)
        if command == before:
            continue
        try:
            return bench.stream(command, readers), command.outputs
        except ChunkInexact as error:
            logger.info("chunk inexact", extra={"index": chunk.index, "seek_pad": str(pad), "context": error.context})
            before, inexact = command, error
    raise inexact or ChunkInexact("no way of seeking was left", index=chunk.index)


def _render_audio(bench: _Bench, rendition: AudioRendition) -> TrackReceipt:
    reader = partial(_store_track, bench, rendition.name, exact_audio, 1, fragments_per_segment=1)
    (receipt,) = bench.stream(audio_command(bench.plan, rendition, SOURCE_NAME), {f"{rendition.name}.mp4": reader})
    if bench.plan.cover and rendition is bench.plan.audio[0]:
        bench.run(cover_command(bench.plan, SOURCE_NAME))
        bench.store(keys.POSTER_NAME, bench.folder / keys.POSTER_NAME, "image/jpeg")
    return receipt


def _render_texts(bench: _Bench) -> tuple[TextReceipt, ...]:
    """Every subtitle track, from one pass over the source; one without a cue writes nothing."""
    bench.run(text_command(bench.plan, SOURCE_NAME))
    receipts = []
    for rendition in bench.plan.text:
        converted = (bench.folder / f"{rendition.name}.vtt").read_text(encoding="utf-8", errors="replace")
        cues = read_cues(converted, bench.plan.duration)
        data = subtitles_vtt(cues).encode()
        if cues:
            bench.store(f"{rendition.name}/{keys.SUBTITLES_NAME}", data, "text/vtt")
        receipts.append(TextReceipt(rendition.name, len(data), len(cues)))
    return tuple(receipts)


def _store_track(
    bench: _Bench, name: str, proof: Proof, first_segment: int, stream: BinaryIO, *, fragments_per_segment: int
) -> TrackReceipt:
    """Store the segments of a track as they come, and its init segment where the track begins.

    One segment is in memory, and the next is not read before it is stored.
    """
    track, fragments = read_track(stream)
    content_type = "video/mp4" if track.is_video else "audio/mp4"
    if first_segment == 1:
        bench.store(f"{name}/{keys.INIT_NAME}", track.init, content_type)
    written = []
    exact = proof(fragments, track)
    for segment, data in segments(
        exact, track, first_segment=first_segment, fragments_per_segment=fragments_per_segment
    ):
        bench.store(f"{name}/{keys.segment_name(segment.number)}", data, content_type)
        written.append(segment)
    return track_receipt(name, track, tuple(written))
