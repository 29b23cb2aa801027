"""Make a static rendition of what has been published: the source is not needed, and may be gone.

Whole files are joined, not encoded: the samples of the stream, bit by bit, behind an index of their own. A clip is cut
on the frame: whole GOPs are joined in the same way, and only the GOPs that the cut goes through are encoded again, at
most two, so a long clip costs as much as a short one. The encoder must give them the very parameter sets of the stream,
or nothing is published. Sound can be cut at every 21 ms only, so the sound of a clip is encoded again.

Media is streamed from S3 to S3: what is held is an index, a few GOPs and one part. Only what an encoder reads and
writes is on the disk. The record is written last, and only if it is still there; what was made for another is removed.
"""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from chalicelib.catalog import keys
from chalicelib.catalog.asset import Asset, AssetStatus
from chalicelib.catalog.rendition import (
    PREVIEWS,
    RenditionChange,
    RenditionStatus,
    RenditionType,
    RenditionWish,
    StaticRendition,
)
from chalicelib.errors import AssemblyFailed, DeadlineNear, RenditionNotFound, RenditionUnsuitable, WorkSuperseded
from chalicelib.media.boxes import find
from chalicelib.media.cmaf import Track, exact_audio, exact_video, read_track
from chalicelib.media.fragments import FragmentSamples, read_samples, track_defaults
from chalicelib.media.plan import Rendition
from chalicelib.media.rendition_commands import EDGE_NAME, SOUND_NAME, edge_command, preview_command, sound_command
from chalicelib.media.single_file import AUDIO_BRANDS, VIDEO_BRANDS, FileTrack, single_file
from chalicelib.media.timing import round_near
from chalicelib.media.tracks import AUDIO_NAME, STEREO_BITRATE_BPS, STEREO_CHANNELS
from chalicelib.usecases.published import Place, PublishedFragment, PublishedTrack, read_places, read_published
from chalicelib.usecases.withdraw import withdraw_if_deleted
from chalicelib.usecases.workbench import IMMUTABLE, SMALL_FILE_LIMIT_BYTES

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.aws.table import Table
    from chalicelib.settings import Settings
    from chalicelib.tools import Tools
    from chalicelib.usecases.progress import Clock

T = TypeVar("T")

logger = logging.getLogger(__name__)

_PREPARING = frozenset({RenditionStatus.PREPARING})
_PREROLL_S = Fraction(1, 10)
"""Sound that is decoded before a cut, because an AAC frame leans on the one before it."""
_EXCERPT_NAME = "excerpt.mp4"


@dataclass(frozen=True, slots=True)
class _Cut:
    """A track of the file, and where the media of each of its pieces is."""

    track: FileTrack
    places: tuple[Place | bytes, ...]


@dataclass(frozen=True, slots=True)
class _Bench:
    """What the work is done with."""

    rendition: StaticRendition
    asset: Asset
    folder: Path
    deadline: float
    tools: Tools
    objects: Objects
    bucket: str

    def published(self, name: str) -> PublishedTrack:
        prefix = keys.media_prefix(self.rendition.asset_id, self.rendition.plan_hash)
        return read_published(f"{prefix}{name}/", self.objects, self.bucket)

    def excerpt(self, track: PublishedTrack, fragments: Sequence[PublishedFragment]) -> Fraction:
        """Put a part of a track on the disk, for a decoder. Returns when it begins, in seconds."""
        with (self.folder / _EXCERPT_NAME).open("wb") as file:
            file.write(track.init)
            for data in read_places([each.whole for each in fragments], self.objects, self.bucket):
                file.write(data)
        return Fraction(fragments[0].samples.decode_time_ticks, track.timescale)

    def in_time(self, data: Iterable[bytes]) -> Iterator[bytes]:
        """Raises DeadlineNear rather than be ended in the middle."""
        for each in data:
            if time.monotonic() >= self.deadline:
                raise DeadlineNear("the file was not stored in time")
            yield each

    def run(self, arguments: Sequence[str], *, file_limit_bytes: int = SMALL_FILE_LIMIT_BYTES) -> None:
        self.tools.ffmpeg.run(arguments, cwd=self.folder, deadline=self.deadline, file_limit_bytes=file_limit_bytes)


def make_rendition(
    asset_id: str,
    rendition_id: str,
    created_at_ms: int,
    objects: Objects,
    table: Table,
    tools: Tools,
    settings: Settings,
    *,
    deadline: float,
    clock: Clock,
) -> dict[str, object]:
    """Make and store the file, unless that is done.

    Args:
        created_at_ms: Which record of this id is meant: it may have been deleted and made anew.
        deadline: On the clock of time.monotonic().

    Raises:
        WorkSuperseded: If the rendition or its asset is gone; nothing of it is left then.
        RenditionUnsuitable: If the publication has not what it takes.
    """
    rendition = _wanted(asset_id, rendition_id, created_at_ms, table)
    asset = table.get_asset(asset_id)
    if rendition.status is RenditionStatus.PREPARING and asset.status is not AssetStatus.DELETED:
        with tempfile.TemporaryDirectory(prefix="sluice-rendition-") as name:
            bench = _Bench(rendition, asset, Path(name), deadline, tools, objects, settings.media_bucket)
            size_bytes = _make(bench)
        ready = RenditionChange(status=RenditionStatus.READY, size_bytes=size_bytes)
        if table.update_rendition(rendition, ready, expect=_PREPARING, now_ms=clock()) is None:
            _withdraw_if_gone(rendition, objects, table, settings)
        logger.info("rendition ready", extra={"rendition_id": rendition_id, "size_bytes": size_bytes})
    withdraw_if_deleted(asset_id, objects, table, settings)
    return {"AssetId": asset_id, "RenditionId": rendition_id, "Key": rendition.key}


def _wanted(asset_id: str, rendition_id: str, created_at_ms: int, table: Table) -> StaticRendition:
    with suppress(RenditionNotFound):
        rendition = table.get_rendition(asset_id, rendition_id)
        if rendition.created_at_ms == created_at_ms:
            return rendition
    raise WorkSuperseded("the rendition is gone", asset_id=asset_id, rendition_id=rendition_id)


def _withdraw_if_gone(rendition: StaticRendition, objects: Objects, table: Table, settings: Settings) -> None:
    """Another run may have been first; then the file is wanted."""
    try:
        _wanted(rendition.asset_id, rendition.id, rendition.created_at_ms, table)
    except WorkSuperseded:
        objects.delete(settings.media_bucket, rendition.key)
        raise


def _make(bench: _Bench) -> int:
    """Returns the size of the stored file in bytes."""
    wish = bench.rendition.wish
    if wish.type in PREVIEWS:
        return _store_preview(bench, wish)
    cuts: list[_Cut] = []
    if wish.type is RenditionType.MP4:
        # Sound is cut where the picture is: on the frame.
        pictures, wish = _pictures(bench, wish)
        cuts.append(pictures)
    if any(track.channels for track in bench.asset.tracks):
        cuts += _sound(bench, wish)
    return _store_joined(bench, cuts, VIDEO_BRANDS if wish.type is RenditionType.MP4 else AUDIO_BRANDS)


def _store_joined(bench: _Bench, cuts: Sequence[_Cut], brands: bytes) -> int:
    file = single_file([cut.track for cut in _found(cuts)], brands)
    places: list[Place | bytes] = [file.head, *(cuts[track].places[piece] for track, piece in file.layout)]
    bench.objects.write_stream(
        bench.bucket,
        bench.rendition.key,
        bench.in_time(read_places(places, bench.objects, bench.bucket)),
        size_bytes=file.size_bytes,
        content_type=bench.rendition.wish.type.content_type,
        cache_control=IMMUTABLE,
    )
    return file.size_bytes


def _store_preview(bench: _Bench, wish: RenditionWish) -> int:
    track = bench.published(str(wish.rung))
    end = track.duration if wish.end is None else min(wish.end, track.duration)
    begins = bench.excerpt(track, _found(track.covering(wish.start, end)))
    name = f"preview.{wish.type}"
    command = preview_command(_EXCERPT_NAME, name, begins, wish.start, end, width=wish.width or 0, fps=wish.fps or 0)
    bench.run(command.arguments)
    made = bench.folder / name
    bench.objects.write(
        bench.bucket,
        bench.rendition.key,
        made,
        content_type=wish.type.content_type,
        cache_control=IMMUTABLE,
    )
    return made.stat().st_size


def _pictures(bench: _Bench, wish: RenditionWish) -> tuple[_Cut, RenditionWish]:
    """The pictures, and the wish with its range moved to the frames that are nearest."""
    track = bench.published(str(wish.rung))
    if wish.is_whole:
        return _copied(track, track.fragments), wish
    first = track.fragments[0].samples
    frame_rate = Fraction(track.timescale, first.durations[0])
    total = sum(len(each.samples.sizes) for each in track.fragments)
    start = round_near(wish.start * frame_rate)
    end = total if wish.end is None else min(round_near(wish.end * frame_rate), total)
    pieces: list[FragmentSamples] = []
    places: list[Place | bytes] = []
    frame = 0
    for fragment in track.fragments:
        begin, frame = frame, frame + len(fragment.samples.sizes)
        wanted = (max(begin, start), min(frame, end))
        if wanted == (begin, frame):
            pieces.append(fragment.samples)
            places.append(fragment.media)
        elif wanted[0] < wanted[1]:
            edge, media = _edge(bench, track, fragment, (wanted[0] - begin, wanted[1] - begin), frame_rate)
            pieces.append(edge)
            places.append(media)
    cut = _Cut(FileTrack(track.init, track.timescale, tuple(_found(pieces))), tuple(places))
    return cut, replace(wish, start=start / frame_rate, end=end / frame_rate if wish.end is not None else None)


def _edge(
    bench: _Bench, track: PublishedTrack, fragment: PublishedFragment, frames: tuple[int, int], frame_rate: Fraction
) -> tuple[FragmentSamples, bytes]:
    """A part of one GOP, frames counted from its first, encoded again as a GOP of its own."""
    bench.excerpt(track, [fragment])
    gop_frames = len(track.fragments[0].samples.sizes)
    command = edge_command(_EXCERPT_NAME, _recipe(bench), frame_rate, *frames, gop_frames)
    bench.run(command.arguments)
    with (bench.folder / EDGE_NAME).open("rb") as stream:
        made, fragments = read_track(stream)
        count = frames[1] - frames[0]
        exact = list(
            exact_video(fragments, made, frame_rate=frame_rate, start_frame=0, end_frame=count, gop_frames=gop_frames)
        )
    if len(exact) != 1 or made.timescale != track.timescale or _entry(made.init) != _entry(track.init):
        raise AssemblyFailed("the edge of a clip does not fit the stream", fragments=len(exact))
    (samples,) = _samples(made, [each.data for each in exact])
    return samples, exact[0].data[samples.media_position :][: samples.media_bytes]


def _recipe(bench: _Bench) -> Rendition:
    """How the rung was encoded."""
    rung = next(each for each in bench.asset.renditions if each.name == bench.rendition.wish.rung)
    if rung.recipe is None:
        raise RenditionUnsuitable("the asset was published before clips could be cut; publish it again")
    return rung.recipe


def _entry(init: bytes) -> bytes:
    """The sample entry, with the parameter sets that every sample needs."""
    box = find(init, b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
    return init[box.start : box.end]


def _sound(bench: _Bench, wish: RenditionWish) -> list[_Cut]:
    """None, if the sound ends before the range begins."""
    track = bench.published(AUDIO_NAME)
    if wish.is_whole:
        return [_copied(track, track.fragments)]
    if wish.start >= track.duration:
        return []
    end = track.duration if wish.end is None else min(wish.end, track.duration)
    begins = bench.excerpt(track, _found(track.covering(wish.start - _PREROLL_S, end)))
    command = sound_command(
        _EXCERPT_NAME, begins, wish.start, end, channels=STEREO_CHANNELS, bitrate_bps=STEREO_BITRATE_BPS
    )
    # As long as the asset at most, and as the excerpt on the same disk.
    size_bytes = (bench.folder / _EXCERPT_NAME).stat().st_size
    bench.run(command.arguments, file_limit_bytes=SMALL_FILE_LIMIT_BYTES + 2 * size_bytes)
    with (bench.folder / SOUND_NAME).open("rb") as stream:
        made, fragments = read_track(stream)
        data = [each.data for each in exact_audio(fragments, made)]
    pieces = _samples(made, data)
    places = [whole[piece.media_position :][: piece.media_bytes] for piece, whole in zip(pieces, data, strict=True)]
    return [_Cut(FileTrack(made.init, made.timescale, pieces), tuple(places))]


def _samples(track: Track, fragments: Iterable[bytes]) -> tuple[FragmentSamples, ...]:
    defaults = track_defaults(track.init)
    moofs = ((data, find(data, b"moof")) for data in fragments)
    return tuple(read_samples(data[box.start : box.end], defaults) for data, box in moofs)


def _copied(track: PublishedTrack, fragments: Sequence[PublishedFragment]) -> _Cut:
    file_track = FileTrack(track.init, track.timescale, tuple(each.samples for each in fragments))
    return _Cut(file_track, tuple(each.media for each in fragments))


def _found(pieces: Sequence[T]) -> Sequence[T]:
    """Raises RenditionUnsuitable if there are none: the range lies behind the end."""
    if not pieces:
        raise RenditionUnsuitable("nothing of the asset lies in the range")
    return pieces
