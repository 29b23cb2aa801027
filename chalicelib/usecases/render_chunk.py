"""RenderChunk: one task of a plan, from the source on disk to final segments in the media bucket.

A task is a chunk of video in every rendition (one decode), or one whole audio track, or all of the text. Everything it
writes has a name that follows from (plan, index), and from the segment where it went on, and bytes that do too, so a
task that is repeated changes nothing (DESIGN, law 2). The receipt is written last: who finds it has nothing left to do.

A try whose time runs out leaves a partial receipt: the next one goes on behind it (docs/decisions/0006). What proves
inexact on the way is encoded again, under other names if it had stored anything; no receipt names what it left.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from chalicelib.catalog import keys
from chalicelib.errors import ChunkInexact, DeadlineNear, PlanMismatch, TaskTooSlow
from chalicelib.media.audio_commands import audio_command, cover_command, text_command
from chalicelib.media.chunks import rest_of
from chalicelib.media.cmaf import exact_audio, exact_video
from chalicelib.media.commands import SPRITE_NAME, Command, chunk_command, rest_command, seek_pads, stills_command
from chalicelib.media.plan import AudioRendition, Chunk, Plan, VideoPlan
from chalicelib.media.receipt import ChunkReceipt, PartialReceipt, TextReceipt, TrackReceipt, receipt_bytes
from chalicelib.media.resume import advanced, end_ticks, joined
from chalicelib.media.webvtt import read_cues, subtitles_vtt
from chalicelib.usecases.budget import refuse_over_cap
from chalicelib.usecases.plan import load_plan, preparing_asset
from chalicelib.usecases.receipts import store_partial, store_receipt, stored_partial, stored_receipt
from chalicelib.usecases.source_cache import SOURCE_NAME, workspace
from chalicelib.usecases.watch import AssetWatch
from chalicelib.usecases.withdraw import withdraw_if_given_up
from chalicelib.usecases.workbench import Bench, Cut

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.aws.table import Table
    from chalicelib.settings import Settings
    from chalicelib.tools import Tools
    from chalicelib.usecases.progress import Clock, Meter

logger = logging.getLogger(__name__)

_IDLE_TRIES = 2
"""Tries in a row that add nothing until a task is given up: one may have met a slow machine or a long download."""


@dataclass(frozen=True, slots=True)
class ChunkJob:
    """Task `index` of a plan. `deadline` is on the clock of time.monotonic()."""

    asset_id: str
    plan_hash: str
    index: int
    deadline: float


def render_chunk(
    job: ChunkJob, objects: Objects, table: Table, tools: Tools, settings: Settings, *, meter: Meter, clock: Clock
) -> dict[str, object]:
    """Do the task, unless its receipt is there.

    Raises:
        PlanMismatch: If there is no such plan, or it has no such task.
        WorkSuperseded: If the asset is no longer being prepared; an encoder that runs is ended.
        CostLimitReached: If the asset has cost what it may.
        DeadlineNear: If the time is not enough; nothing is left running, and another try begins where this one ended.
        TaskTooSlow: If the time is never enough.
    """
    asset = preparing_asset(job.asset_id, table)
    refuse_over_cap(asset, table.get_progress(asset.id, None), settings)
    plan = load_plan(job.asset_id, job.plan_hash, objects, settings)
    if not 0 <= job.index < plan.task_count:
        raise PlanMismatch("the plan has no such task", plan_hash=job.plan_hash, index=job.index)
    receipt = stored_receipt(job.asset_id, job.plan_hash, job.index, objects, settings)
    if receipt is None:
        try:
            watch = AssetWatch(job.asset_id, table, settings, meter, clock)
            receipt = _render(job, plan, watch, objects, tools, settings)
            store_receipt(job.asset_id, receipt, objects, settings)
        finally:
            withdraw_if_given_up(job.asset_id, objects, table, settings)
    table.mark_task_done(
        job.asset_id, job.plan_hash, job.index, billed_ms=meter.take_ms(), memory_mb=meter.memory_mb, now_ms=clock()
    )
    meter.settled = True
    return {
        "ChunkIndex": job.index,
        "Sha256": hashlib.sha256(receipt_bytes(receipt)).hexdigest(),
        "FramesEncoded": sum(segment.samples for track in receipt.tracks[:1] for segment in track.segments)
        if plan.video
        else 0,
        "DurationMs": meter.billed_ms(),
    }


def _render(
    job: ChunkJob, plan: Plan, watch: AssetWatch, objects: Objects, tools: Tools, settings: Settings
) -> ChunkReceipt:
    prefix = keys.media_prefix(job.asset_id, job.plan_hash)
    before = stored_partial(job.asset_id, job.plan_hash, job.index, objects, settings)
    with workspace(plan.source, objects) as folder:
        bench = Bench(plan, folder, job.deadline, tools, objects, settings.media_bucket, prefix, watch.look)
        try:
            return _task(bench, before)
        except DeadlineNear as near:
            left = advanced(before, bench.written(_track_names(plan, job.index)))
            store_partial(job.asset_id, left, objects, settings)
            if left.idle_tries < _IDLE_TRIES:
                raise
            raise TaskTooSlow(
                "one segment takes longer than a worker may run", index=job.index, segments=left.segments
            ) from near


def _track_names(plan: Plan, index: int) -> tuple[str, ...]:
    """The tracks that a task makes, in the order of its receipt."""
    if index == plan.text_index:
        return ()
    if plan.video is not None and index < plan.video_tasks:
        return tuple(rendition.name for rendition in plan.video.renditions)
    return (plan.audio[index - plan.video_tasks].name,)


def _task(bench: Bench, before: PartialReceipt) -> ChunkReceipt:
    plan, index = bench.plan, before.index
    if index == plan.text_index:
        return ChunkReceipt(before.plan_hash, index, tracks=(), tiles=0, texts=_render_texts(bench))
    if plan.video is not None and index < plan.video_tasks:
        chunk = plan.video.chunks[index]
        tracks, tiles = _render_video(bench, plan.video, chunk, before), plan.video.tiles_of(chunk)
    else:
        tracks, tiles = _render_audio(bench, plan.audio[index - plan.video_tasks], before), 0
    return ChunkReceipt(before.plan_hash, index, tracks=tracks, tiles=tiles)


def _render_video(bench: Bench, video: VideoPlan, chunk: Chunk, before: PartialReceipt) -> tuple[TrackReceipt, ...]:
    """Segments first, because they are what a next try can build upon."""
    if not before.segments:
        tracks, outputs = _encode_exactly(
            bench, video, chunk, lambda pad: chunk_command(bench.plan, chunk.index, SOURCE_NAME, pad)
        )
    else:
        tracks = before.tracks
        rest = rest_of(chunk, video.segment_frames, before.segments)
        if rest is not None:
            added, _ = _encode_exactly(
                bench,
                video,
                rest,
                lambda pad: rest_command(bench.plan, rest, SOURCE_NAME, pad),
                run=rest.first_segment,
            )
            tracks = joined(tracks, added)
        stills = stills_command(bench.plan, chunk.index, SOURCE_NAME)
        bench.run(stills)
        outputs = stills.outputs
    if keys.POSTER_NAME in outputs:
        bench.store(keys.POSTER_NAME, bench.folder / keys.POSTER_NAME, "image/jpeg")
    bench.store(keys.sprite_name(chunk.index), bench.folder / SPRITE_NAME, "image/jpeg")
    return tracks


def _encode_exactly(
    bench: Bench, video: VideoPlan, frames: Chunk, command_for: Callable[[Fraction], Command], *, run: int = 0
) -> tuple[tuple[TrackReceipt, ...], tuple[str, ...]]:
    """Encode until the frames are the plan's, seeking ahead further each time. The tracks' receipts, and all outputs.

    The first fragment that differs from the plan ends a try.
    """
    proof = partial(
        exact_video,
        frame_rate=video.frame_rate,
        start_frame=frames.start_frame,
        end_frame=frames.end_frame,
        gop_frames=video.gop_frames,
    )
    cut = Cut(proof, frames.first_segment, video.segment_frames // video.gop_frames, run)
    names = [rendition.name for rendition in video.renditions]
    before: Command | None = None
    inexact: ChunkInexact | None = None
    for pad in seek_pads(bench.plan.container):
        command = command_for(pad)
        if command == before:
            continue
        try:
            return bench.stream(command, names, cut), command.outputs
        except ChunkInexact as error:
            # All renditions are inexact at the same frame, so whoever does this task counts alike.
            cut = replace(cut, take=cut.take + bench.has_stored())
            logger.info("chunk inexact", extra={"index": frames.index, "seek_pad": str(pad), "context": error.context})
            before, inexact = command, error
    raise inexact or ChunkInexact("no way of seeking was left", index=frames.index)


def _render_audio(bench: Bench, rendition: AudioRendition, before: PartialReceipt) -> tuple[TrackReceipt, ...]:
    if bench.plan.cover and rendition is bench.plan.audio[0]:
        # Before the sound, because nobody knows how many segments that will have.
        bench.run(cover_command(bench.plan, SOURCE_NAME))
        bench.store(keys.POSTER_NAME, bench.folder / keys.POSTER_NAME, "image/jpeg")
    start_ticks = end_ticks(before.tracks[0]) if before.tracks else 0
    first = before.segments + 1
    command = audio_command(bench.plan, rendition, SOURCE_NAME, start_ticks=start_ticks)
    cut = Cut(partial(exact_audio, start_ticks=start_ticks), first, 1, run=first if before.segments else 0)
    return joined(before.tracks, bench.stream(command, [rendition.name], cut))


def _render_texts(bench: Bench) -> tuple[TextReceipt, ...]:
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
