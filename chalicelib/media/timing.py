"""The grid: which frames the publication has, and when they are shown.

Frame n of the grid is shown at n / frame_rate seconds after the origin. The origin is the source's own start, over all
of its tracks, so the offset between picture and sound survives. `total_frames` is the number of frames that one pass of
ffmpeg's `fps=<frame_rate>:round=near:start_time=0` makes of the same packets: its rounding (half away from zero) and
its idea of the last frame's duration are repeated here in integers. All of it rests on one demuxing pass, no decoding.

Timestamps are the customer's, so they may lie: a length or a hole that no video has is refused, because every second of
it would be encoded.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from chalicelib.errors import UnsupportedMedia
from chalicelib.media.source import nearest_standard_rate

MAX_DURATION = Fraction(24 * 3600)
MAX_HOLE = Fraction(3600)
MAX_FRAME_RATE = Fraction(60)
MIN_FRAME_RATE = Fraction(1)
DEFAULT_FRAME_RATE = Fraction(25)
_MAX_RATE_NUMERATOR = 1_000_000


@dataclass(frozen=True, slots=True)
class TrackScan:
    """The packets of one track, in file order, without those that an edit list hides.

    `pts` and `durations` are ticks of `time_base` seconds, one each a packet; a duration of 0 is unknown. `sizes_bytes`
    is as long, or empty when nobody listened.
    """

    time_base: Fraction
    pts: Sequence[int]
    durations: Sequence[int]
    sizes_bytes: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Scan:
    """One demuxing pass. `origin` is the container's start in seconds, None when it has none.

    `audio` has an entry for each audio track in file order, None where a track has no packets or no decoder; `text` has
    ffmpeg's codec name for each subtitle track in file order.
    """

    origin: Fraction | None
    video: TrackScan | None
    audio: tuple[TrackScan | None, ...] = ()
    text: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TimeRange:
    """[start, end) in seconds from the origin; no end is the end of the media."""

    start: Fraction
    end: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """`first_frame` is where the source's own first picture lands; frames before it repeat it. Of a clip, which begins
    `clip_frame` frames later, it may be below zero."""

    frame_rate: Fraction
    first_frame: int
    total_frames: int
    clip_frame: int = 0


def origin_of(scan: Scan) -> Fraction:
    """The time that becomes zero: the container's start, else the first packet's."""
    if scan.origin is not None:
        return scan.origin
    starts = [min(track.pts) * track.time_base for track in (scan.video, *scan.audio) if track and track.pts]
    return min(starts, default=Fraction(0))


def audio_duration(track: TrackScan, origin: Fraction) -> Fraction:
    """Seconds from the origin to the end of the last packet.

    Raises:
        UnsupportedMedia: If the timestamps have a hole, or a length, that no recording has.
    """
    shown = sorted(track.pts)
    end = shown[-1] + max(_own_duration(track), 0)
    _refuse_holes(shown, end, track.time_base, origin)
    return end * track.time_base - origin


def plan_grid(
    track: TrackScan,
    origin: Fraction,
    *,
    nominal: Fraction | None,
    interlaced: bool = False,
    max_rate: Fraction = MAX_FRAME_RATE,
) -> Grid:
    """Lay the grid over a video track that has at least one packet.

    Args:
        nominal: The frame rate that the container claims, a hint.
        interlaced: Whether a packet may hold one field, half a frame.
        max_rate: Faster sources are halved until they fit.

    Raises:
        UnsupportedMedia: If the timestamps go backwards, have a hole, or a length, that no recording has.
    """
    shown = sorted(set(track.pts))
    if 2 * len(shown) < len(track.pts) and len(track.pts) > 2:
        raise UnsupportedMedia("the timestamps of the video go backwards; remux it first")
    last_duration = _last_duration(track, shown)
    _refuse_holes(shown, shown[-1] + last_duration, track.time_base, origin)
    rate = grid_rate(shown, track.time_base, last_duration=last_duration, nominal=nominal, max_rate=max_rate)
    if interlaced and nominal and rate == 2 * nominal:
        rate = nominal
    shift = round_near(origin / track.time_base)
    end = shown[-1] + last_duration - shift
    total = round_near(end * track.time_base * rate)
    first = round_near((shown[0] - shift) * track.time_base * rate)
    return Grid(frame_rate=rate, first_frame=max(first, 0), total_frames=max(total, 1))


def clip_grid(grid: Grid, clip: TimeRange) -> Grid:
    """The part of a grid that is nearest to a range. Its frames are the grid's own, numbered from the clip's first.

    Raises:
        UnsupportedMedia: If no frame lies in it.
    """
    start = round_near(clip.start * grid.frame_rate)
    end = grid.total_frames if clip.end is None else min(round_near(clip.end * grid.frame_rate), grid.total_frames)
    if start >= end:
        raise UnsupportedMedia("the range lies outside of the source")
    return Grid(grid.frame_rate, grid.first_frame - start, end - start, grid.clip_frame + start)


def is_heard(track: TrackScan, start: Fraction, end: Fraction | None) -> bool:
    """Whether a packet begins in [start, end) seconds of the source's own time, or lasts into it."""
    begin = start / track.time_base
    last = None if end is None else end / track.time_base
    times = zip(track.pts, track.durations, strict=True)
    return any(pts + duration > begin and (last is None or pts < last) for pts, duration in times)


def grid_rate(
    shown: Sequence[int],
    time_base: Fraction,
    *,
    last_duration: int = 0,
    nominal: Fraction | None = None,
    max_rate: Fraction = MAX_FRAME_RATE,
) -> Fraction:
    """The frame rate of the grid, from 1 to `max_rate` frames a second.

    A constant rate is kept exactly; timestamps that were rounded to ticks still count as constant, and then the claimed
    or the nearest standard rate is meant. A variable rate becomes the standard rate nearest to its usual distance.

    Args:
        shown: Distinct presentation times in ticks, rising.
        last_duration: Ticks that the last frame is shown for; used when it is the only one.
    """
    if len(shown) < 2:
        rate = 1 / (last_duration * time_base) if last_duration > 1 else (nominal or DEFAULT_FRAME_RATE)
        return _into_limits(rate if MIN_FRAME_RATE <= rate <= max_rate else DEFAULT_FRAME_RATE, max_rate)
    return _into_limits(_constant_rate(shown, time_base, nominal) or _usual_rate(shown, time_base), max_rate)


def round_near(value: Fraction) -> int:
    """Round half away from zero, as ffmpeg's AV_ROUND_NEAR_INF and C's round() do."""
    magnitude = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return magnitude if value >= 0 else -magnitude


def _constant_rate(shown: Sequence[int], time_base: Fraction, nominal: Fraction | None) -> Fraction | None:
    """The exact rate of frames that are never more than one tick off a steady beat, else None."""
    span, intervals = shown[-1] - shown[0], len(shown) - 1
    for index, tick in enumerate(shown):
        # |tick - (first + index * span / intervals)| <= 1, in integers
        if abs((tick - shown[0]) * intervals - index * span) > intervals:
            return None
    measured = intervals / (span * time_base)
    beat = span // intervals
    # Only a coarse clock needs guessing: every frame exactly `beat` ticks apart is a fact.
    steady = span == beat * intervals and all(b - a == beat for a, b in pairwise(shown))
    tolerance = 2 * time_base
    candidates = [rate for rate in (nominal, nearest_standard_rate(measured)) if rate]
    for rate in candidates:
        if abs(intervals / rate - span * time_base) <= tolerance and (not steady or rate == measured or beat < 100):
            return rate
    exact = measured if steady else measured.limit_denominator(1001)
    return exact if exact.numerator <= _MAX_RATE_NUMERATOR else nearest_standard_rate(measured)


def _usual_rate(shown: Sequence[int], time_base: Fraction) -> Fraction:
    """The standard rate nearest to the mean of the distances that are close to the median distance."""
    distances = sorted(b - a for a, b in pairwise(shown))
    median = distances[len(distances) // 2]
    low = bisect_left(distances, -(-median * 3 // 4))
    high = bisect_left(distances, median * 5 // 4 + 1)
    usual = distances[low:high]
    return nearest_standard_rate(len(usual) / (sum(usual) * time_base))


def _into_limits(rate: Fraction, max_rate: Fraction) -> Fraction:
    """Halve what is too fast and multiply what is too slow, so that the source's frames still fall on the grid."""
    while rate > max_rate:
        rate /= 2
    if rate < MIN_FRAME_RATE:
        rate *= -(-MIN_FRAME_RATE // rate)
    return rate


def _last_duration(track: TrackScan, shown: Sequence[int]) -> int:
    """How long ffmpeg shows the last frame: its own duration, or the distance before it when that is not credible."""
    own = _own_duration(track)
    before = shown[-1] - shown[-2] if len(shown) > 1 else 0
    if own <= 0 or (own == 1 and before > 2):
        return max(before, 1)
    return own


def _own_duration(track: TrackScan) -> int:
    """The duration that the last packet in order of presentation carries."""
    return track.durations[max(range(len(track.pts)), key=track.pts.__getitem__)]


def _refuse_holes(shown: Sequence[int], end: int, time_base: Fraction, origin: Fraction) -> None:
    start = round_near(origin / time_base)
    hole = max((b - a for a, b in zip((start, *shown), (*shown, end), strict=True)), default=0)
    if hole * time_base > MAX_HOLE:
        raise UnsupportedMedia("the timestamps jump by more than an hour", seconds=int(hole * time_base))
    if end * time_base - origin > MAX_DURATION:
        raise UnsupportedMedia("the media is longer than 24 hours", seconds=int(end * time_base - origin))
