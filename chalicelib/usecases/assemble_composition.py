"""Assemble of a composition: the chunks become one file, which is stored last.

Video is joined by copying. What has to see every frame is made here of the packed chunks: the palette of a GIF, and the
one archive of a PNG sequence. Nothing but the chunks, the sound and the output is on the disk, and they are bounded.
"""

from __future__ import annotations

import gzip
import io
import logging
import tarfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.catalog.locations import Location, chunk_location, render_object, render_prefix
from chalicelib.composition.commands import LIST_NAME, chunk_list, gif_arguments, join_arguments, palette_arguments
from chalicelib.composition.formats import Format, audio_kind, chunk_kind, output_kind
from chalicelib.composition.matroska import PictureStream
from chalicelib.composition.packing import AUDIO_NAME, frame_index, frame_name, plain_member
from chalicelib.composition.plan import CompositionPlan
from chalicelib.composition.receipt import CompositionReceipt
from chalicelib.composition.rgba import raw_rgba
from chalicelib.errors import AssemblyFailed, ObjectMissing, PlanArtifactMismatch, PlanMismatch, PlanTooLarge
from chalicelib.media.flags import GLOBAL_ARGUMENTS
from chalicelib.usecases.composition import (
    AssembleRequest,
    StoredPlan,
    check_ffmpeg,
    load_composition_plan,
    stored_chunk_receipt,
)
from chalicelib.usecases.project import file_sha256
from chalicelib.usecases.render_composition import prove_frames
from chalicelib.usecases.render_progress import note_assembled, note_assembling
from chalicelib.usecases.source_cache import scratch_folder

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.aws.table import Table
    from chalicelib.settings import Settings
    from chalicelib.tools import Tools
    from chalicelib.usecases.progress import Clock, Meter

logger = logging.getLogger(__name__)

MAX_OUTPUT_BYTES = 4 * 1024**3
"""Chunks, the joined file and the same with its index in front share a disk of 10 GiB; S3 takes 5 GB in one piece."""
_THREADS = 8


def assemble_composition(
    request: AssembleRequest,
    objects: Objects,
    table: Table,
    tools: Tools,
    settings: Settings,
    *,
    deadline: float,
    meter: Meter,
    clock: Clock,
) -> dict[str, object]:
    """Make and store the output.

    Raises:
        PlanMismatch: If there is no such plan, or other chunks than its own are named.
        AssemblyFailed: If a chunk is not done.
        PlanArtifactMismatch: If what is stored is not what was made.
        PlanTooLarge: If the output would be.
        WorkSuperseded: If the render has ended.
    """
    at = render_object(request.plan_uri, settings.source_bucket, "PlanS3Uri")
    output = render_object(request.output_uri, settings.source_bucket, "OutputS3Uri")
    stored = load_composition_plan(at, request.plan_hash, request.format, objects)
    plan = stored.plan
    check_ffmpeg(plan, tools.ffmpeg.version())
    note_assembling(request.render_id, table, now_ms=clock())
    chunks = _chunks(request, plan, settings.source_bucket)
    receipts = _receipts(chunks, stored, objects)
    if sum(receipt.size_bytes for receipt in receipts) > MAX_OUTPUT_BYTES:
        raise PlanTooLarge(f"an output may have {MAX_OUTPUT_BYTES} bytes; ask for a lower quality or another format")
    with scratch_folder() as folder:
        paths = _fetch_chunks(chunks, receipts, folder, objects)
        audio = _fetch_audio(plan, folder, settings.source_bucket, objects)
        kind = output_kind(plan.config.format)
        path = folder / f"output{kind.extension}"
        match plan.config.format:
            case Format.PNG_SEQUENCE:
                _write_sequence(plan, paths, audio, path)
            case Format.GIF:
                _write_gif(plan, paths, path, tools, deadline)
            case Format.PNG | Format.JPEG:
                ((_, picture),) = _packed(paths)
                path.write_bytes(picture)
            case _:
                _join(plan, paths, audio, path, tools, deadline)
        size_bytes = path.stat().st_size
        objects.write(output.bucket, output.key, path, content_type=kind.content_type)
    note_assembled(request.render_id, table, size_bytes=size_bytes, now_ms=clock())
    logger.info("assembled", extra={"plan_hash": stored.plan_hash, "size_bytes": size_bytes})
    return {
        "Action": "assemble",
        "OutputS3Uri": output.uri,
        "FramesEncoded": plan.total_frames,
        "FileSize": size_bytes,
        "DurationMs": meter.billed_ms(),
    }


def _chunks(request: AssembleRequest, plan: CompositionPlan, bucket: str) -> list[Location]:
    if request.chunk_uris is not None:
        if len(request.chunk_uris) != len(plan.chunks):
            raise PlanMismatch("not as many chunks as the plan has", chunks=len(request.chunk_uris))
        return [render_object(uri, bucket, "ChunkS3Uris") for uri in request.chunk_uris]
    prefix = render_prefix(request.prefix_uri or "", bucket, "ChunkOutputS3Prefix")
    extension = chunk_kind(plan.config.format).extension
    return [chunk_location(prefix, index, extension) for index in range(len(plan.chunks))]


def _receipts(chunks: Sequence[Location], stored: StoredPlan, objects: Objects) -> list[CompositionReceipt]:
    def read(chunk: Location) -> CompositionReceipt | None:
        return stored_chunk_receipt(chunk, stored.plan_hash, objects)

    with ThreadPoolExecutor(_THREADS) as threads:
        found = list(threads.map(read, chunks))
    receipts = [receipt for receipt in found if receipt is not None]
    if len(receipts) < len(chunks):
        raise AssemblyFailed("a chunk is not rendered", missing=[at for at, each in enumerate(found) if each is None])
    told = [(receipt.index, receipt.frames) for receipt in receipts]
    if told != [(index, span.frames) for index, span in enumerate(stored.plan.chunks)]:
        raise AssemblyFailed("the chunks are not those of the plan, in its order", chunks=told[:50])
    return receipts


def _fetch_chunks(
    chunks: Sequence[Location], receipts: Sequence[CompositionReceipt], folder: Path, objects: Objects
) -> list[Path]:
    def fetch(chunk: Location, receipt: CompositionReceipt) -> Path:
        path = folder / f"{receipt.index:05d}{Path(chunk.key).suffix}"
        _fetch(chunk, path, receipt.size_bytes, receipt.sha256, objects)
        return path

    with ThreadPoolExecutor(_THREADS) as threads:
        return list(threads.map(fetch, chunks, receipts))


def _fetch_audio(plan: CompositionPlan, folder: Path, bucket: str, objects: Objects) -> Path | None:
    if plan.audio is None:
        return None
    path = folder / f"audio{audio_kind(plan.config.format).extension}"
    at = render_object(plan.audio.location, bucket, "AudioS3Uri")
    _fetch(at, path, plan.audio.size_bytes, plan.audio.sha256, objects)
    return path


def _fetch(at: Location, path: Path, size_bytes: int, sha256: str, objects: Objects) -> None:
    """Raises PlanArtifactMismatch unless these bytes are there."""
    try:
        head = objects.head(at.bucket, at.key)
        if head.size_bytes == size_bytes:
            objects.download(at.bucket, at.key, path, size_bytes=size_bytes, etag=head.etag)
    except ObjectMissing as error:
        raise PlanArtifactMismatch("what was made is no longer there", uri=at.uri) from error
    if not path.exists() or file_sha256(path) != sha256:
        raise PlanArtifactMismatch("what is stored is not what was made", uri=at.uri)


def _join(
    plan: CompositionPlan, paths: Sequence[Path], audio: Path | None, output: Path, tools: Tools, deadline: float
) -> None:
    names = [path.name for path in paths]
    listed = chunk_list(plan.chunks, names, plan.config.frame_rate)
    (output.parent / LIST_NAME).write_text(listed)
    arguments = join_arguments(plan.config, audio.name if audio else None, output.name)
    tools.ffmpeg.run((*GLOBAL_ARGUMENTS, *arguments), deadline=deadline, cwd=output.parent)
    prove_frames(output, plan.total_frames, (plan.width, plan.height), tools, deadline)


def _write_gif(plan: CompositionPlan, paths: Sequence[Path], output: Path, tools: Tools, deadline: float) -> None:
    """Twice over the frames: the palette first, then the pictures in its colours."""
    for arguments in (palette_arguments(), gif_arguments(plan.config, plan.total_frames, output.name)):
        tools.ffmpeg.run(
            (*GLOBAL_ARGUMENTS, *arguments), deadline=deadline, cwd=output.parent, feed=_packed_stream(plan, paths)
        )
    prove_frames(output, plan.total_frames, (plan.width, plan.height), tools, deadline)


def _packed_stream(plan: CompositionPlan, paths: Sequence[Path]) -> Iterator[bytes]:
    """All packed frames, and the last picture once more at the last frame."""
    stream = PictureStream("rgba", plan.width, plan.height, plan.config.frame_rate)
    yield stream.header()
    index, pixels = -1, b""
    for index, picture in _packed(paths):
        pixels = raw_rgba(picture)
        yield stream.picture(index - plan.first_frame, pixels)
    if index < (last := plan.first_frame + plan.total_frames - 1):
        yield stream.picture(last - plan.first_frame, pixels)


def _write_sequence(plan: CompositionPlan, paths: Sequence[Path], audio: Path | None, output: Path) -> None:
    """Every frame as a file of its own, and the sound beside them; pictures are compressed already."""
    with (
        output.open("wb") as file,
        gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=1, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        written = plan.first_frame
        held = b""
        for index, picture in _packed(paths):
            written = _repeat(tar, held, written, index)
            held = picture
        _repeat(tar, held, written, plan.first_frame + plan.total_frames)
        if audio is not None:
            with audio.open("rb") as sound:
                tar.addfile(plain_member(AUDIO_NAME, audio.stat().st_size), sound)


def _repeat(tar: tarfile.TarFile, picture: bytes, start: int, end: int) -> int:
    """Write a picture as the frames [start, end)."""
    for index in range(start, end):
        tar.addfile(plain_member(frame_name(index), len(picture)), io.BytesIO(picture))
    return max(start, end)


def _packed(paths: Sequence[Path]) -> Iterator[tuple[int, bytes]]:
    """The distinct frames of packed chunks with their indexes, in order."""
    for path in paths:
        with tarfile.open(path, "r:") as tar:
            for member in tar:
                content = tar.extractfile(member)
                if content is None:
                    raise AssemblyFailed("a packed chunk holds something that is no frame", name=member.name)
                yield frame_index(member.name), content.read()
