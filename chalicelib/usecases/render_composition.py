"""RenderChunk of a composition: frames leave the browser, and are encoded while the next ones are captured.

Frames pass from the capture to the encoder one at a time, and the chunk's file is all that reaches the disk. It is
stored, then its receipt: who finds the receipt has nothing left to do. Bytes follow from (plan, index) alone, so a
chunk that is rendered twice changes nothing (DESIGN, law 2).
"""

from __future__ import annotations

import hashlib
import io
import logging
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.catalog.locations import Location, chunk_location, receipt_location, render_object, render_prefix
from chalicelib.composition.capture import Frame, Picture
from chalicelib.composition.commands import count_arguments, encode_arguments
from chalicelib.composition.formats import chunk_kind
from chalicelib.composition.matroska import PictureStream
from chalicelib.composition.packing import frame_name, plain_member
from chalicelib.composition.plan import CompositionPlan, FrameRange
from chalicelib.composition.receipt import CompositionReceipt, receipt_bytes
from chalicelib.composition.rgba import raw_rgba
from chalicelib.errors import ChunkInexact, CompositionTooSlow, DeadlineNear, PlanMismatch
from chalicelib.media.flags import GLOBAL_ARGUMENTS
from chalicelib.media.plan import SourceIdentity
from chalicelib.usecases.composition import (
    ChunkRequest,
    capture_options,
    check_tools,
    load_composition_plan,
    output_size,
    stored_chunk_receipt,
    tool_versions,
)
from chalicelib.usecases.project import file_sha256, unpacked_project
from chalicelib.usecases.render_progress import ChunkWatch, RenderWatch, note_chunk_done

if TYPE_CHECKING:
    from hashlib import _Hash

    from chalicelib.aws.objects import Objects
    from chalicelib.aws.table import Table
    from chalicelib.settings import Settings
    from chalicelib.tools import Tools
    from chalicelib.usecases.progress import Clock, Meter

logger = logging.getLogger(__name__)

_CODECS = {Picture.JPEG: "jpeg", Picture.PNG: "rgba", Picture.PIXELS: "bgra"}


def render_composition_chunk(
    request: ChunkRequest,
    objects: Objects,
    table: Table,
    tools: Tools,
    settings: Settings,
    *,
    deadline: float,
    meter: Meter,
    clock: Clock,
) -> dict[str, object]:
    """Render one chunk, unless its receipt is there.

    Raises:
        PlanMismatch: If there is no such plan, or it has no such chunk.
        FfmpegVersionMismatch, BrowserVersionMismatch: If this worker is not the one that was planned for.
        SourceChanged: If the project was replaced.
        CompositionTooSlow: If the time is not enough; nothing is left running.
        WorkSuperseded: If the render has ended.
    """
    at = render_object(request.plan_uri, settings.source_bucket, "PlanS3Uri")
    prefix = render_prefix(request.prefix_uri, settings.source_bucket, "ChunkOutputS3Prefix")
    stored = load_composition_plan(at, request.plan_hash, request.format, objects)
    plan = stored.plan
    if not 0 <= request.index < len(plan.chunks):
        raise PlanMismatch("the plan has no such chunk", plan_hash=stored.plan_hash, index=request.index)
    kind = chunk_kind(plan.config.format)
    chunk = chunk_location(prefix, request.index, kind.extension)
    receipt = stored_chunk_receipt(chunk, stored.plan_hash, objects)
    if receipt is None:
        going = RenderWatch(request.render_id, table)
        watch = ChunkWatch(going, stored.plan_hash, request.index, len(plan.chunks), clock)
        # A render that has ended meanwhile needs no browser.
        watch.captured(0)
        try:
            receipt = _render(plan, stored.plan_hash, request.index, chunk, objects, tools, deadline, watch)
        except DeadlineNear as near:
            # Another try would have no more time, and nothing to go on from.
            raise CompositionTooSlow(
                "a chunk takes longer than a worker may run; ask for a smaller chunkSize", index=request.index
            ) from near
        _store_receipt(chunk, receipt, objects)
    note_chunk_done(
        request.render_id,
        table,
        plan_hash=stored.plan_hash,
        index=request.index,
        frames=receipt.frames,
        meter=meter,
        now_ms=clock(),
    )
    return {
        "Action": "renderChunk",
        "ChunkS3Uri": chunk.uri,
        "ChunkIndex": request.index,
        "Sha256": receipt.sha256,
        "FramesEncoded": receipt.frames,
        "DurationMs": meter.billed_ms(),
    }


def _store_receipt(chunk: Location, receipt: CompositionReceipt, objects: Objects) -> None:
    at = receipt_location(chunk)
    objects.write(at.bucket, at.key, receipt_bytes(receipt), content_type="application/json")


def _render(
    plan: CompositionPlan,
    plan_hash: str,
    index: int,
    chunk: Location,
    objects: Objects,
    tools: Tools,
    deadline: float,
    watch: ChunkWatch,
) -> CompositionReceipt:
    """Capture, encode, prove and store one chunk."""
    span, config, project = plan.chunks[index], plan.config, plan.project
    source = SourceIdentity(project.bucket, project.key, project.etag, project.size_bytes)
    # It starts while the project is fetched.
    tools.chromium.launch()
    with unpacked_project(source, config.entry, objects, expected_sha256=project.sha256) as unpacked:
        check_tools(plan, tool_versions(tools))
        kind = chunk_kind(config.format)
        path = unpacked.folder / f"chunk{kind.extension}"
        tally = _capture(plan, span, unpacked.project, path, tools, deadline, watch, from_memory=True)
        if tally.misread:
            tally = _capture(plan, span, unpacked.project, path, tools, deadline, watch, from_memory=False)
        if not config.format.packed:
            prove_frames(path, span.frames, (plan.width, plan.height), tools, deadline)
        objects.write(chunk.bucket, chunk.key, path, content_type=kind.content_type)
        return CompositionReceipt(
            plan_hash, index, span.frames, path.stat().st_size, file_sha256(path), tally.digest.hexdigest(), tally.read
        )


def _capture(
    plan: CompositionPlan,
    span: FrameRange,
    project: Path,
    path: Path,
    tools: Tools,
    deadline: float,
    watch: ChunkWatch,
    *,
    from_memory: bool,
) -> _Tally:
    """Play the page and write the chunk's file."""
    tally = _Tally(span, watch.captured)
    options = capture_options(plan.config, plan.picture, from_memory=from_memory)
    with tools.chromium.open(project, options, deadline=deadline, look=watch.render.look) as stage:
        if output_size(stage.facts) != (plan.width, plan.height):
            raise ChunkInexact("the page has another size than when it was planned", size=output_size(stage.facts))
        preroll = plan.preroll and span.start_frame > 0
        frames = tally.counted(stage.frames(span.start_frame, span.end_frame, preroll=preroll))
        if plan.config.format.packed:
            _pack(frames, path)
        else:
            _encode(frames, plan, span, path, tools, deadline)
        tally.read, tally.misread = stage.frames_read, stage.misread
    tally.check()
    return tally


@dataclass(slots=True)
class _Tally:
    """Counts the frames of a chunk as they pass, and hashes them."""

    span: FrameRange
    captured: Callable[[int], None]
    digest: _Hash = field(default_factory=hashlib.sha256)
    passed: int = 0
    read: int = 0
    misread: bool = False

    def counted(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Raises ChunkInexact if one is missing or comes out of turn."""
        checksum = b""
        for frame in frames:
            if frame.index != self.span.start_frame + self.passed:
                raise ChunkInexact("a frame came out of turn", index=frame.index, passed=self.passed)
            if not frame.repeated or not checksum:
                # Nobody forges frames; a hash of their bytes would cost a tenth of all.
                checksum = zlib.crc32(frame.picture).to_bytes(4, "big")
            self.digest.update(checksum)
            self.passed += 1
            self.captured(self.passed)
            yield frame

    def check(self) -> None:
        if self.passed != self.span.frames:
            raise ChunkInexact("the capture ended early", frames=self.passed, planned=self.span.frames)


def _encode(
    frames: Iterable[Frame], plan: CompositionPlan, span: FrameRange, path: Path, tools: Tools, deadline: float
) -> None:
    """Into a file of the output's own kind."""
    tools.ffmpeg.run(
        (*GLOBAL_ARGUMENTS, *encode_arguments(plan.config, span.frames, path.name)),
        deadline=deadline,
        cwd=path.parent,
        feed=_picture_stream(frames, plan, span),
    )


def _picture_stream(frames: Iterable[Frame], plan: CompositionPlan, span: FrameRange) -> Iterator[bytes]:
    """What the encoder reads. A repeated frame is left out, unless it is the last: that one says how long all is."""
    stream = PictureStream(_CODECS[plan.picture], plan.width, plan.height, plan.config.frame_rate)
    yield stream.header()
    for frame in frames:
        tick = frame.index - span.start_frame
        if not frame.repeated or frame.index == span.end_frame - 1 or tick == 0:
            picture = raw_rgba(frame.picture) if plan.picture is Picture.PNG else frame.picture
            yield stream.before(tick, len(picture))
            yield picture


def _pack(frames: Iterable[Frame], path: Path) -> None:
    """Distinct frames as they were captured; Assemble makes the output of them."""
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for position, frame in enumerate(frames):
            if position == 0 or not frame.repeated:
                tar.addfile(plain_member(frame_name(frame.index), len(frame.picture)), io.BytesIO(frame.picture))


def prove_frames(path: Path, frames: int, size: tuple[int, int], tools: Tools, deadline: float) -> None:
    """Raises ChunkInexact unless the finished file holds exactly so many frames of this size."""
    lines: list[bytes] = []
    tools.ffmpeg.run(
        (*GLOBAL_ARGUMENTS, *count_arguments(path.name)), deadline=deadline, cwd=path.parent, on_stdout=lines.append
    )
    found = sum(not line.startswith(b"#") for line in lines)
    dimensions = b"#dimensions 0: %dx%d\n" % size
    if found != frames or dimensions not in lines:
        raise ChunkInexact("the file does not hold the frames of the plan", found=found, planned=frames, size=size)
