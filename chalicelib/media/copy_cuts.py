"""Where a source's own tracks may be cut: their edit lists resolved (ISO/IEC 14496-12, 8.6.6), closed keyframes, and
the sound beside them. What is in doubt is refused as CopyUnsuitable.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise

from chalicelib.errors import CopyUnsuitable
from chalicelib.media import remux
from chalicelib.media.copy_plan import CopySegment
from chalicelib.media.mp4index import Edit, Track
from chalicelib.media.timing import MAX_DURATION, round_near


@dataclass(frozen=True, slots=True)
class Shift:
    """A track under its edit list: ticks added to composition times, and where the edit ends, if it says so."""

    add_ticks: int
    end_ticks: int | None
    begin_s: Fraction


@dataclass(frozen=True, slots=True)
class Heard:
    """Samples [first, end) of a sound track are played. `begin_s` is when the track begins by its edit list."""

    first: int
    end: int
    first_s: Fraction
    begin_s: Fraction


def resolve_edits(track: Track, movie_timescale: int) -> Shift:
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
    return Shift(add, end, Fraction(max(min(track.samples.shown) + add, 0), track.timescale))


def require_whole(track: Track, times: Shift) -> None:
    """No picture is hidden by the edit list."""
    shown = track.samples.shown
    if min(shown) + times.add_ticks < 0 or (
        times.end_ticks is not None and max(shown) + times.add_ticks >= times.end_ticks
    ):
        raise CopyUnsuitable("the edit list hides pictures")


def heard_samples(track: Track, times: Shift) -> Heard:
    """The samples that begin at zero or later: what comes before (a decoder's run-up) has no time in a segment."""
    if any(track.samples.delays):
        raise CopyUnsuitable("the sound is out of order")
    starts = track.samples.decode_times
    first = bisect_left(starts, -times.add_ticks)
    end = len(starts) if times.end_ticks is None else bisect_left(starts, times.end_ticks - times.add_ticks)
    if first >= end:
        raise CopyUnsuitable("the edit list hides all the sound")
    return Heard(first, end, Fraction(starts[first] + times.add_ticks, track.timescale), times.begin_s)


def picture_cuts(track: Track, segment_seconds: int) -> list[int]:
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


def sound_cuts(track: Track, heard: Heard, start_ticks: int, bounds_s: Sequence[Fraction]) -> list[int]:
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


def cut_segments(track: Track, cuts: Sequence[int], start_ticks: int) -> tuple[CopySegment, ...]:
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
