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
from dataclasses import replace
from fractions import Fraction

from chalicelib.errors import CopyUnsuitable
from chalicelib.media import avc, remux
from chalicelib.media.codecs import codec_string
from chalicelib.media.copy_cuts import (
    cut_segments,
    heard_samples,
    picture_cuts,
    require_whole,
    resolve_edits,
    sound_cuts,
)
from chalicelib.media.copy_plan import (
    COPY_SCHEMA,
    CopyAudio,
    CopyChunk,
    CopyPlan,
    CopySegment,
    CopyTrack,
    CopyVideo,
)
from chalicelib.media.mp4index import ByteRange, Movie, Track
from chalicelib.media.plan import SourceIdentity
from chalicelib.media.source import nearest_standard_rate
from chalicelib.media.timing import MAX_DURATION, round_near

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
    video_times = resolve_edits(video, movie.timescale)
    require_whole(video, video_times)
    heard = heard_samples(audio, resolve_edits(audio, movie.timescale)) if audio else None
    begins = (video_times.begin_s, heard.first_s) if heard else (video_times.begin_s,)
    origin = min(video_times.begin_s, heard.begin_s) if heard else video_times.begin_s
    if max(begins) - origin > MAX_LATE_START:
        raise CopyUnsuitable("a track begins later than the other")
    cuts = picture_cuts(video, segment_seconds)
    video_start = round_near((video_times.begin_s - origin) * video.timescale)
    video_segments = cut_segments(video, cuts, video_start)
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
        audio_segments = cut_segments(audio, sound_cuts(audio, heard, audio_start, bounds), audio_start)
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
    length = plan.video.track.length_s
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
