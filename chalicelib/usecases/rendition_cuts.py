"""The pieces of a static rendition: whole fragments where they lie, and what has to be encoded anew at a cut.

A clip is cut on the frame: whole GOPs are taken as they are, and only those that the cut goes through are encoded
again, at most two, so a long clip costs as much as a short one. The encoder must give them the very parameter sets of
the stream, or nothing is published. Sound can be cut at every 21 ms only, so the sound of a clip is encoded again.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from chalicelib.catalog import keys
from chalicelib.catalog.asset import Asset
from chalicelib.catalog.rendition import RenditionWish, StaticRendition
from chalicelib.errors import AssemblyFailed, DeadlineNear, RenditionUnsuitable
from chalicelib.media.boxes import find
from chalicelib.media.cmaf import Track, exact_audio, exact_video, read_track
from chalicelib.media.fragments import FragmentSamples, read_samples, track_defaults
from chalicelib.media.plan import Rendition
from chalicelib.media.rendition_commands import EDGE_NAME, SOUND_NAME, edge_command, sound_command
from chalicelib.media.single_file import FileTrack
from chalicelib.media.timing import round_near
from chalicelib.media.tracks import AUDIO_NAME, STEREO_BITRATE_BPS, STEREO_CHANNELS
from chalicelib.usecases.published import Place, PublishedFragment, PublishedTrack, read_places, read_published
from chalicelib.usecases.workbench import SMALL_FILE_LIMIT_BYTES

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.tools import Program, Tools

T = TypeVar("T")

EXCERPT_NAME = "excerpt.mp4"
_PREROLL_S = Fraction(1, 10)
"""Sound that is decoded before a cut, because an AAC frame leans on the one before it."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A track of the file, and where the media of each of its pieces is."""

    track: FileTrack
    places: tuple[Place | bytes, ...]


@dataclass(frozen=True, slots=True)
class Bench:
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
        with (self.folder / EXCERPT_NAME).open("wb") as file:
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

    def run(
        self,
        arguments: Sequence[str],
        *,
        program: Program | None = None,
        file_limit_bytes: int = SMALL_FILE_LIMIT_BYTES,
    ) -> None:
        """Run ffmpeg, or another program, in the folder."""
        chosen = program or self.tools.ffmpeg
        chosen.run(arguments, cwd=self.folder, deadline=self.deadline, file_limit_bytes=file_limit_bytes)


def cut_pictures(bench: Bench, wish: RenditionWish) -> tuple[Cut, RenditionWish]:
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
    cut = Cut(FileTrack(track.init, track.timescale, tuple(found(pieces))), tuple(places))
    return cut, replace(wish, start=start / frame_rate, end=end / frame_rate if wish.end is not None else None)


def _edge(
    bench: Bench, track: PublishedTrack, fragment: PublishedFragment, frames: tuple[int, int], frame_rate: Fraction
) -> tuple[FragmentSamples, bytes]:
    """A part of one GOP, frames counted from its first, encoded again as a GOP of its own."""
    bench.excerpt(track, [fragment])
    gop_frames = len(track.fragments[0].samples.sizes)
    command = edge_command(EXCERPT_NAME, _recipe(bench), frame_rate, *frames, gop_frames)
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


def _recipe(bench: Bench) -> Rendition:
    """How the rung was encoded."""
    rung = next((each for each in bench.asset.renditions if each.name == bench.rendition.wish.rung), None)
    if rung is None or rung.recipe is None:
        raise RenditionUnsuitable("the asset was published before clips could be cut; publish it again")
    return rung.recipe


def _entry(init: bytes) -> bytes:
    """The sample entry, with the parameter sets that every sample needs."""
    box = find(init, b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
    return init[box.start : box.end]


def cut_sound(bench: Bench, wish: RenditionWish) -> list[Cut]:
    """None, if the sound ends before the range begins."""
    track = bench.published(AUDIO_NAME)
    if wish.is_whole:
        return [_copied(track, track.fragments)]
    if wish.start >= track.duration:
        return []
    end = track.duration if wish.end is None else min(wish.end, track.duration)
    begins = bench.excerpt(track, found(track.covering(wish.start - _PREROLL_S, end)))
    command = sound_command(
        EXCERPT_NAME, begins, wish.start, end, channels=STEREO_CHANNELS, bitrate_bps=STEREO_BITRATE_BPS
    )
    # As long as the asset at most, and as the excerpt on the same disk.
    size_bytes = (bench.folder / EXCERPT_NAME).stat().st_size
    bench.run(command.arguments, file_limit_bytes=SMALL_FILE_LIMIT_BYTES + 2 * size_bytes)
    with (bench.folder / SOUND_NAME).open("rb") as stream:
        made, fragments = read_track(stream)
        data = [each.data for each in exact_audio(fragments, made)]
    pieces = _samples(made, data)
    places = [whole[piece.media_position :][: piece.media_bytes] for piece, whole in zip(pieces, data, strict=True)]
    return [Cut(FileTrack(made.init, made.timescale, pieces), tuple(places))]


def _samples(track: Track, fragments: Iterable[bytes]) -> tuple[FragmentSamples, ...]:
    defaults = track_defaults(track.init)
    moofs = ((data, find(data, b"moof")) for data in fragments)
    return tuple(read_samples(data[box.start : box.end], defaults) for data, box in moofs)


def _copied(track: PublishedTrack, fragments: Sequence[PublishedFragment]) -> Cut:
    file_track = FileTrack(track.init, track.timescale, tuple(each.samples for each in fragments))
    return Cut(file_track, tuple(each.media for each in fragments))


def found(pieces: Sequence[T]) -> Sequence[T]:
    """Raises RenditionUnsuitable if there are none: the range lies behind the end."""
    if not pieces:
        raise RenditionUnsuitable("nothing of the asset lies in the range")
    return pieces
