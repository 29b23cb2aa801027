"""The early publication: the source's own bitstream, cut at its keyframes, for players to start with.

Decides whether a source is standard input, which every player shows as it is, and where it is cut. The answer rests on
the index alone (mp4index.py), so it takes the same time for a minute and for an hour. What is in doubt is refused:
then nothing plays before the ladder does, and nothing is lost.

Standard input is progressive H.264 of 8 bits, 4:2:0, standard range, square pixels and upright, with AAC-LC or silent,
whose closed keyframes lie at most MAX_SEGMENT apart, and whose edit lists only shift.

Its segments lie at the source's keyframes, not on the ladder's grid, and its bit rate is nobody's choice; so it is a
publication of its own with its own manifest, and the ladder's manifest never names it (docs/decisions/0003).
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate, pairwise

import msgspec

from chalicelib.errors import CopyUnsuitable
from chalicelib.media import avc, remux
from chalicelib.media.bitrate import Bitrate, measure
from chalicelib.media.codecs import codec_string
from chalicelib.media.decimals import nearest
from chalicelib.media.mp4index import ByteRange, Edit, Movie, Track
from chalicelib.media.plan import SourceIdentity
from chalicelib.media.presentation import AudioTrack, Presentation, VideoTrack
from chalicelib.media.receipt import Segment
from chalicelib.media.source import nearest_standard_rate
from chalicelib.media.timing import MAX_DURATION, round_near

COPY_SCHEMA = 1
"""Part of the plan, so of its hash: another cut, or another byte in a segment, is another number."""

VIDEO_NAME = "source"
AUDIO_NAME = "source-audio"
MAX_SEGMENT = Fraction(10)
MAX_AVERAGE_BPS = 25_000_000
MAX_LATE_START = Fraction(1, 2)
"""A track may begin this much after the other; players wait longer for what never comes."""

FIRST_SEGMENTS = 3
"""Segments of the first chunk, after which the asset is playable: what players want to see before they start."""

CHUNK_BYTES = 32 * 1024 * 1024
"""Bytes after which a chunk ends: what a worker holds in memory is at most twice this and one segment."""

_HDR_TRANSFERS = frozenset({16, 18})


@dataclass(frozen=True, slots=True)
class CopySegment:
    """Samples [first_sample, end_sample) of a track, in published time; `size_bytes` is that of the segment."""

    first_sample: int
    end_sample: int
    decode_time_ticks: int
    duration_ticks: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class CopyTrack:
    """One copied track.

    Attributes:
        name: Its folder.
        position: Among the tracks of the index.
        first_delay_ticks: Delay of the first sample, which becomes 0.
    """

    name: str
    position: int
    codec: str
    timescale: int
    first_delay_ticks: int
    init_sha256: str
    segments: tuple[CopySegment, ...]


@dataclass(frozen=True, slots=True)
class CopyVideo:
    track: CopyTrack
    width: int
    height: int
    frame_rate: Fraction
    nal_length_bytes: int


@dataclass(frozen=True, slots=True)
class CopyAudio:
    """Its segments are cut where those of the video are; it may end before the video does."""

    track: CopyTrack
    language: str
    channels: int


@dataclass(frozen=True, slots=True)
class CopyChunk:
    """Segments [first_segment, end_segment), counted from 0, of every track that has them."""

    first_segment: int
    end_segment: int


@dataclass(frozen=True, slots=True)
class CopyPlan:
    """The frozen decision. `index` is where the source's `moov` lies."""

    schema: int
    asset_id: str
    source: SourceIdentity
    index: ByteRange
    video: CopyVideo
    audio: CopyAudio | None
    chunks: tuple[CopyChunk, ...]

    @property
    def tracks(self) -> tuple[CopyTrack, ...]:
        return (self.video.track, self.audio.track) if self.audio else (self.video.track,)


def copy_plan_bytes(plan: CopyPlan) -> bytes:
    """The canonical JSON: what is stored, and what the hash covers."""
    return msgspec.json.encode(plan, enc_hook=_encode, order="deterministic")


def copy_plan_hash(plan: CopyPlan) -> str:
    return hashlib.sha256(copy_plan_bytes(plan)).hexdigest()


def parse_copy_plan(data: bytes) -> CopyPlan:
    """Raises msgspec.ValidationError if the document is not such a plan."""
    return msgspec.json.decode(data, type=CopyPlan, dec_hook=_decode)


def plan_copy(
    *, asset_id: str, identity: SourceIdentity, index: ByteRange, movie: Movie, segment_seconds: int
) -> CopyPlan:
    """Cut the source. Raises CopyUnsuitable, which says why, if it is not standard input."""
    video_position = next((n for n, track in enumerate(movie.tracks) if track.handler == b"vide"), None)
    if video_position is None:
        raise CopyUnsuitable("the file has no picture")
    video = movie.tracks[video_position]
    stream = _standard_stream(video)
    audio_position = _default_sound(movie)
    audio = movie.tracks[audio_position] if audio_position is not None else None
    video_times = _shift(video, movie.timescale)
    _require_whole(video, video_times)
    heard = _heard(audio, _shift(audio, movie.timescale)) if audio else None
    begins = (video_times.begin_s, heard.first_s) if heard else (video_times.begin_s,)
    origin = min(video_times.begin_s, heard.begin_s) if heard else video_times.begin_s
    if max(begins) - origin > MAX_LATE_START:
        raise CopyUnsuitable("a track begins later than the other")
    cuts = _cuts(video, segment_seconds)
    video_start = round_near((video_times.begin_s - origin) * video.timescale)
    video_segments = _segments(video, cuts, video_start)
    copied_video = CopyVideo(
        _copied(VIDEO_NAME, video_position, video, remux.video_init(video, stream), video_segments),
        stream.width,
        stream.height,
        _frame_rate(video),
        stream.nal_length_bytes,
    )
    copied_audio = None
    if audio is not None and heard is not None and audio_position is not None:
        sound = remux.read_sound(audio)
        audio_start = round_near((heard.first_s - origin) * audio.timescale)
        bounds = [Fraction(segment.decode_time_ticks, video.timescale) for segment in video_segments[1:]]
        audio_segments = _segments(audio, _sound_cuts(audio, heard, audio_start, bounds), audio_start)
        copied = _copied(AUDIO_NAME, audio_position, audio, remux.audio_init(audio, sound), audio_segments)
        copied_audio = CopyAudio(copied, audio.language, sound.channels)
    plan = CopyPlan(COPY_SCHEMA, asset_id, identity, index, copied_video, copied_audio, ())
    _require_streamable(plan)
    return _with_chunks(plan)


def copied_init(plan: CopyPlan, track: CopyTrack, movie: Movie) -> bytes:
    """The init segment of a planned track."""
    source = movie.tracks[track.position]
    if track is plan.video.track:
        return remux.video_init(source, remux.read_video(source))
    return remux.audio_init(source, remux.read_sound(source))


def early_presentation(plan: CopyPlan, chunks_done: int) -> Presentation:
    """What may be played once the first chunks are there. Bit rates and target duration are those of the whole."""
    end = plan.chunks[chunks_done - 1].end_segment
    longest = max(
        Fraction(segment.duration_ticks, track.timescale) for track in plan.tracks for segment in track.segments
    )
    # Playlists round to microseconds first; see presentation.py.
    target_s = max(nearest(longest + Fraction(1, 1_000_000)), 1)
    video, audio = plan.video, plan.audio
    return Presentation(
        duration=max(_length_s(track) for track in plan.tracks),
        target_duration_s=target_s,
        video=(
            VideoTrack(
                name=video.track.name,
                codec=video.track.codec,
                timescale=video.track.timescale,
                segments=_published(video.track, end),
                bitrate=_bitrate(video.track, target_s),
                iframe_bitrate=_bitrate(video.track, target_s),
                width=video.width,
                height=video.height,
                frame_rate=video.frame_rate,
            ),
        ),
        audio=(
            AudioTrack(
                name=audio.track.name,
                codec=audio.track.codec,
                timescale=audio.track.timescale,
                segments=_published(audio.track, end),
                bitrate=_bitrate(audio.track, target_s),
                language=audio.language,
                channels=audio.channels,
                position=0,
                # The one sound of the copy; the ladder's tracks get the names that a menu shows.
                label="Audio",
            ),
        )
        if audio
        else (),
    )


@dataclass(frozen=True, slots=True)
class _Shift:
    """A track under its edit list: ticks added to composition times, and where the edit ends, if it says so."""

    add_ticks: int
    end_ticks: int | None
    begin_s: Fraction


@dataclass(frozen=True, slots=True)
class _Heard:
    """Samples [first, end) of a sound track are played. `begin_s` is when the track begins by its edit list."""

    first: int
    end: int
    first_s: Fraction
    begin_s: Fraction


def _standard_stream(track: Track) -> avc.AvcStream:
    stream = remux.read_video(track)
    if not track.is_upright:
        raise CopyUnsuitable("the picture is turned")
    if stream.profile not in (avc.MAIN, avc.HIGH) and not (stream.profile == avc.BASELINE and stream.is_constrained):
        raise CopyUnsuitable("the profile is not one that every player has", profile=stream.profile)
    if (stream.chroma_format, stream.bit_depth) != (1, 8):
        raise CopyUnsuitable("the picture is not 4:2:0 of 8 bits", depth=stream.bit_depth, chroma=stream.chroma_format)
    if not stream.is_progressive:
        raise CopyUnsuitable("the picture may be interlaced")
    if stream.sample_aspect_ratio != 1:
        raise CopyUnsuitable("the pixels are not square")
    if stream.transfer in _HDR_TRANSFERS:
        raise CopyUnsuitable("the picture is HDR")
    return stream


def _default_sound(movie: Movie) -> int | None:
    sounds = [n for n, track in enumerate(movie.tracks) if track.handler == b"soun"]
    return next((n for n in sounds if movie.tracks[n].is_enabled), sounds[0] if sounds else None)


def _shift(track: Track, movie_timescale: int) -> _Shift:
    """Resolve an edit list that only shifts: gaps, and then one stretch of media at its own speed."""
    gap = Fraction(0)
    edits: Sequence[Edit] = track.edits or (Edit(0, 0, is_plain=True),)
    for edit in edits[:-1]:
        if edit.media_time != -1:
            raise CopyUnsuitable("the edit list does more than shift")
        gap += Fraction(edit.duration, movie_timescale)
    media = edits[-1]
    if media.media_time < 0 or not media.is_plain:
        raise CopyUnsuitable("the edit list does more than shift")
    if gap > MAX_DURATION:
        raise CopyUnsuitable("a track begins after a day of nothing")
    start = round_near(gap * track.timescale)
    end = start - (-media.duration * track.timescale // movie_timescale) if media.duration else None
    add = start - media.media_time
    return _Shift(add, end, Fraction(max(min(track.samples.shown) + add, 0), track.timescale))


def _require_whole(track: Track, times: _Shift) -> None:
    """No picture is hidden by the edit list."""
    shown = track.samples.shown
    if min(shown) + times.add_ticks < 0 or (
        times.end_ticks is not None and max(shown) + times.add_ticks >= times.end_ticks
    ):
        raise CopyUnsuitable("the edit list hides pictures")


def _heard(track: Track, times: _Shift) -> _Heard:
    """The samples that begin at zero or later: what comes before (a decoder's run-up) has no time in a segment."""
    if any(track.samples.delays):
        raise CopyUnsuitable("the sound is out of order")
    starts = track.samples.decode_times
    first = bisect_left(starts, -times.add_ticks)
    end = len(starts) if times.end_ticks is None else bisect_left(starts, times.end_ticks - times.add_ticks)
    if first >= end:
        raise CopyUnsuitable("the edit list hides all the sound")
    return _Heard(first, end, Fraction(starts[first] + times.add_ticks, track.timescale), times.begin_s)


def _cuts(track: Track, segment_seconds: int) -> list[int]:
    """The first sample of each segment, and the end: the last closed keyframe within the wished length, or the next.

    A keyframe is closed if nothing that is decoded after it is shown before it, and the other way round.
    """
    shown = track.samples.shown
    latest = list(accumulate(shown, max))
    earliest = list(accumulate(reversed(shown), min))[::-1]
    closed = [
        index
        for index, sync in enumerate(track.samples.syncs)
        if sync and earliest[index] == shown[index] and (index == 0 or latest[index - 1] < shown[index])
    ]
    if not closed or closed[0] != 0:
        raise CopyUnsuitable("the video does not begin with a keyframe")
    wished = segment_seconds * track.timescale
    cuts = [0]
    for index, following in pairwise([*closed[1:], len(shown)]):
        end = shown[following] if following < len(shown) else latest[-1] + 1
        if end - shown[cuts[-1]] > wished:
            cuts.append(index)
    return [*cuts, len(shown)]


def _sound_cuts(track: Track, heard: _Heard, start_ticks: int, bounds_s: Sequence[Fraction]) -> list[int]:
    """Cut the sound where the video is cut; where it has ended, there are no segments."""
    times = track.samples.decode_times
    offset = start_ticks - times[heard.first]
    cuts = [heard.first]
    for bound in bounds_s:
        ticks = -(-bound.numerator * track.timescale // bound.denominator)
        cut = bisect_left(times, ticks - offset, heard.first, heard.end)
        if cut == heard.end:
            break
        if cut == cuts[-1]:
            raise CopyUnsuitable("the sound has a hole")
        cuts.append(cut)
    return [*cuts, heard.end]


def _segments(track: Track, cuts: Sequence[int], start_ticks: int) -> tuple[CopySegment, ...]:
    samples = track.samples
    offset = start_ticks - samples.decode_times[cuts[0]]
    return tuple(
        CopySegment(
            first_sample=first,
            end_sample=end,
            decode_time_ticks=samples.decode_times[first] + offset,
            duration_ticks=samples.decode_times[end - 1] + samples.durations[end - 1] - samples.decode_times[first],
            size_bytes=remux.segment_size(samples, first, end),
        )
        for first, end in pairwise(cuts)
    )


def _copied(name: str, position: int, track: Track, init: bytes, segments: tuple[CopySegment, ...]) -> CopyTrack:
    return CopyTrack(
        name=name,
        position=position,
        codec=codec_string(init),
        timescale=track.timescale,
        first_delay_ticks=track.samples.delays[segments[0].first_sample],
        init_sha256=hashlib.sha256(init).hexdigest(),
        segments=segments,
    )


def _require_streamable(plan: CopyPlan) -> None:
    for track in plan.tracks:
        for segment in track.segments:
            length = Fraction(segment.duration_ticks, track.timescale)
            if not 0 < length <= MAX_SEGMENT:
                raise CopyUnsuitable("the keyframes are too far apart", seconds=str(length), track=track.name)
    length = _length_s(plan.video.track)
    if length > MAX_DURATION:
        raise CopyUnsuitable("the video is longer than a day")
    size_bytes = sum(segment.size_bytes for track in plan.tracks for segment in track.segments)
    if 8 * size_bytes > MAX_AVERAGE_BPS * length:
        raise CopyUnsuitable("the bit rate is too high for a stream", bits_per_second=int(8 * size_bytes / length))


def _with_chunks(plan: CopyPlan) -> CopyPlan:
    count = len(plan.video.track.segments)
    sizes = [
        sum(track.segments[n].size_bytes for track in plan.tracks if n < len(track.segments)) for n in range(count)
    ]
    chunks = [CopyChunk(0, min(FIRST_SEGMENTS, count))]
    first = size = 0
    for number in range(chunks[0].end_segment, count):
        if size == 0:
            first = number
        size += sizes[number]
        if size >= CHUNK_BYTES or number == count - 1:
            chunks.append(CopyChunk(first, number + 1))
            size = 0
    return replace(plan, chunks=tuple(chunks))


def _frame_rate(track: Track) -> Fraction:
    samples = track.samples
    ticks = samples.decode_times[-1] + samples.durations[-1]
    if ticks < 1:
        raise CopyUnsuitable("the video has no length")
    rate = Fraction(len(samples) * track.timescale, ticks)
    standard = nearest_standard_rate(rate)
    return standard if abs(standard - rate) * 1000 <= standard else rate


def _published(track: CopyTrack, end: int) -> tuple[Segment, ...]:
    return tuple(
        Segment(
            number=number,
            size_bytes=segment.size_bytes,
            duration_ticks=segment.duration_ticks,
            decode_time_ticks=segment.decode_time_ticks,
            samples=segment.end_sample - segment.first_sample,
            iframes=(),
            sha256="",
        )
        for number, segment in enumerate(track.segments[:end], 1)
    )


def _bitrate(track: CopyTrack, target_s: int) -> Bitrate:
    return measure(
        [segment.size_bytes for segment in track.segments],
        [segment.duration_ticks for segment in track.segments],
        timescale=track.timescale,
        target_s=target_s,
    )


def _length_s(track: CopyTrack) -> Fraction:
    last = track.segments[-1]
    return Fraction(last.decode_time_ticks + last.duration_ticks, track.timescale)


def _encode(value: object) -> str:
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    raise TypeError(f"a plan cannot hold {type(value).__name__}")


def _decode(kind: type, value: object) -> Fraction:
    if kind is Fraction:
        return Fraction(str(value))
    raise TypeError(f"a plan cannot hold {kind.__name__}")
