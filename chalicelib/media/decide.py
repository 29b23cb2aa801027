"""The plan of one publish job, from the facts of its source. Pure: the same facts give the same plan, byte for byte."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from chalicelib.errors import NotAVideo, UnsupportedMedia
from chalicelib.media.chunks import gop_frames, plan_chunks
from chalicelib.media.encoders import Quality
from chalicelib.media.flags import POSTER_LONG_SIDE
from chalicelib.media.ladder import choose_ladder, fit_even
from chalicelib.media.plan import (
    PLAN_SCHEMA,
    Chunk,
    Plan,
    SourceIdentity,
    Stills,
    VideoCodec,
    VideoPlan,
)
from chalicelib.media.source import Source, VideoTrack
from chalicelib.media.timing import (
    MAX_FRAME_RATE,
    Grid,
    Scan,
    TimeRange,
    TrackScan,
    audio_duration,
    clip_grid,
    is_heard,
    origin_of,
    plan_grid,
)
from chalicelib.media.tracks import choose_audio, choose_text

TILE_LONG_SIDE = 160
MAX_TILE_COLUMNS = 10
MAX_TILES = 150
"""A storyboard coarsens its interval to stay below this many tiles, as far as one tile per chunk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """What a deployment chooses. `max_chunks` bounds the workers of one job; chunks grow instead."""

    ladder: tuple[int, ...] = (2160, 1440, 1080, 720, 480, 360)
    codecs: tuple[VideoCodec, ...] = (VideoCodec.H264,)
    quality: Quality = Quality.BALANCED
    max_frame_rate: Fraction = MAX_FRAME_RATE
    segment_seconds: int = 6
    chunk_seconds: int = 12
    max_chunks: int = 1000
    keep_surround: bool = False


def build_plan(
    *,
    asset_id: str,
    identity: SourceIdentity,
    source: Source,
    scan: Scan,
    options: PlanOptions,
    ffmpeg_version: str,
    clip: TimeRange | None = None,
) -> Plan:
    """Decide everything that the workers will do.

    A track that MediaInfo announced but that has no packet (a cover picture, an empty track) is left out.

    Args:
        clip: Publish this much of the source only, cut at the nearest frames.

    Raises:
        NotAVideo: If no track has any packet.
        UnsupportedMedia: If the timestamps are not those of a recording, or nothing lies in the range.
    """
    video_scan = scan.video if scan.video and scan.video.pts else None
    origin = origin_of(scan)
    video = _video_plan(source.video, video_scan, origin, options, clip) if source.video and video_scan else None
    if clip is not None:
        clip = _on_frames(clip, video)
        origin += clip.start
        scan = _heard_in(scan, origin, None if clip.end is None else origin + clip.end - clip.start)
    audio = choose_audio(source, scan, keep_surround=options.keep_surround)
    if video is None and not audio:
        if clip is not None:
            raise UnsupportedMedia("the range lies outside of the source")
        raise NotAVideo("the file holds neither pictures nor sound")
    duration = _duration(video, [scan.audio[rendition.position] for rendition in audio], origin)
    return Plan(
        schema=PLAN_SCHEMA,
        asset_id=asset_id,
        source=identity,
        origin=origin,
        duration=duration if clip is None or clip.end is None else min(duration, clip.end - clip.start),
        segment_seconds=options.segment_seconds,
        ffmpeg_version=ffmpeg_version,
        video=video,
        audio=audio,
        container=source.container,
        text=choose_text(source, scan),
        cover=source.cover and video is None,
        clipped=clip is not None,
    )


def _on_frames(clip: TimeRange, video: VideoPlan | None) -> TimeRange:
    """The range that the pictures have, for the sound."""
    if video is None:
        return clip
    start = video.clip_frame / video.frame_rate
    return TimeRange(start, None if clip.end is None else start + video.total_frames / video.frame_rate)


def _heard_in(scan: Scan, start: Fraction, end: Fraction | None) -> Scan:
    """Without the sound that has nothing in the range."""
    return replace(scan, audio=tuple(track if track and is_heard(track, start, end) else None for track in scan.audio))


def _video_plan(
    track: VideoTrack, scan: TrackScan, origin: Fraction, options: PlanOptions, clip: TimeRange | None
) -> VideoPlan:
    grid = plan_grid(
        scan,
        origin,
        nominal=track.frame_rate,
        interlaced=track.interlaced,
        max_rate=options.max_frame_rate,
    )
    if clip is not None:
        grid = clip_grid(grid, clip)
    gop, segment = gop_frames(grid.frame_rate, options.segment_seconds)
    target = max(1, round(grid.frame_rate * options.chunk_seconds))
    # A chunk is the wished number of segments even when rounding to whole GOPs made segments longer than wished.
    segments = max(1, round(Fraction(target, segment)))
    chunks = plan_chunks(grid.total_frames, segment, segments * segment, options.max_chunks)
    width, height = track.displayed_width, track.displayed_height
    return VideoPlan(
        frame_rate=grid.frame_rate,
        total_frames=grid.total_frames,
        gop_frames=gop,
        segment_frames=segment,
        renditions=choose_ladder(
            width, height, options.ladder, grid.frame_rate, codecs=options.codecs, quality=options.quality
        ),
        chunks=chunks,
        stills=_stills(width, height, grid, gop, segment, chunks),
        first_frame=grid.first_frame,
        deinterlace=track.interlaced,
        transfer=track.transfer,
        clip_frame=grid.clip_frame,
    )


def _stills(width: int, height: int, grid: Grid, gop: int, segment: int, chunks: Sequence[Chunk]) -> Stills:
    long_side = max(width, height)
    poster = fit_even(width, height, min(Fraction(1), Fraction(POSTER_LONG_SIDE, long_side)))
    tile = fit_even(width, height, min(Fraction(1), Fraction(TILE_LONG_SIDE, long_side)))
    interval = _tile_interval(grid, gop, segment, chunks[0].end_frame)
    tiles = -(-chunks[0].end_frame // interval)
    rows = -(-tiles // MAX_TILE_COLUMNS)
    return Stills(
        # A tenth in: past black leaders and titles, never past the end.
        poster_frame=min(grid.total_frames // 10, grid.total_frames - 1),
        poster_width=poster[0],
        poster_height=poster[1],
        tile_interval_frames=interval,
        tile_width=tile[0],
        tile_height=tile[1],
        columns=-(-tiles // rows),
    )


def _tile_interval(grid: Grid, gop: int, segment: int, chunk: int) -> int:
    """The shortest interval of at least a second that divides a chunk and keeps the storyboard small."""
    whole_chunk = -(-chunk // segment) * segment
    steps = [step for step in (gop // 2 if gop % 2 == 0 else gop, gop, segment, whole_chunk) if step >= grid.frame_rate]
    return next((step for step in steps if step * MAX_TILES >= grid.total_frames), whole_chunk)


def _duration(video: VideoPlan | None, audio: Sequence[TrackScan | None], origin: Fraction) -> Fraction:
    """The longest of the tracks, in seconds; text does not count."""
    ends = [audio_duration(track, origin) for track in audio if track]
    if video:
        ends.append(video.total_frames / video.frame_rate)
    return max(ends)
