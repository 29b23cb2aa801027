"""Going on with a task that an earlier try could not finish: pure arithmetic on what the tries have left.

Invariant: a track is a row of segments without a gap, from runs of the encoder that began where the one before had got
to. A run's segments are named after its own beginning (`Segment.run`), so whatever else is still being written by a
try that was given up has another name, or the same bytes (docs/decisions/0006).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.errors import ChunkInexact
from chalicelib.media.receipt import PartialReceipt, TrackReceipt


def joined(before: Sequence[TrackReceipt], after: Sequence[TrackReceipt]) -> tuple[TrackReceipt, ...]:
    """The same tracks, first what was there and then what was added.

    Raises:
        ChunkInexact: If what was added cannot be played after what was there.
    """
    if not before:
        return tuple(after)
    return tuple(_joined(one, other) for one, other in zip(before, after, strict=True))


def common(tracks: Sequence[TrackReceipt]) -> tuple[TrackReceipt, ...]:
    """The tracks as far as all of them have got."""
    whole = min((len(track.segments) for track in tracks), default=0)
    return tuple(replace(track, segments=track.segments[:whole]) for track in tracks) if whole else ()


def advanced(before: PartialReceipt, made: Sequence[TrackReceipt]) -> PartialReceipt:
    """What is left by a try that began with `before` and ran out of time.

    Args:
        made: What it has made of every track, in the plan's order; empty if a track has not begun.
    """
    added = common(made)
    if not added:
        return replace(before, idle_tries=before.idle_tries + 1)
    return replace(before, tracks=joined(before.tracks, added), idle_tries=0)


def end_ticks(track: TrackReceipt) -> int:
    """Where a track with segments ends."""
    last = track.segments[-1]
    return last.decode_time_ticks + last.duration_ticks


def _joined(before: TrackReceipt, after: TrackReceipt) -> TrackReceipt:
    if replace(after, segments=before.segments) != before:
        raise ChunkInexact("another run of the encoder gave another kind of track", track=before.track)
    return replace(before, segments=before.segments + after.segments)
