"""Chunks: how the frames are divided among workers.

Chunks tile [0, total_frames) without gap or overlap (DESIGN, law 4). Every chunk but the last is whole segments, so
each segment is written by one worker, and its number follows from its first frame alone.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from chalicelib.media.plan import Chunk

GOP_SECONDS = 2
"""Distance of keyframes that a segment is divided into, as near as the segment's length allows."""


def gop_frames(frame_rate: Fraction, segment_seconds: int) -> tuple[int, int]:
    """Frames per GOP, at least 1, and per segment: a whole number of GOPs near `segment_seconds`."""
    gops = max(1, segment_seconds // GOP_SECONDS)
    gop = max(1, round(frame_rate * segment_seconds / gops))
    return gop, gop * gops


def plan_chunks(total_frames: int, segment: int, target: int, limit: int) -> tuple[Chunk, ...]:
    """Cut [0, total_frames) into at most `limit` chunks.

    Args:
        total_frames: Frames of the grid; at least 1.
        segment: Frames per segment.
        target: Wished frames per chunk, rounded up to whole segments.
        limit: Most chunks allowed; chunks outgrow `target` to respect it.

    Returns:
        Contiguous chunks in order; only the last may be short of whole segments. Segments count from 1.

    Raises:
        ValueError: If any argument is below 1.
    """
    if min(total_frames, segment, target, limit) < 1:
        raise ValueError("frames, segment, target and limit are at least 1")
    wished = max(target, -(-total_frames // limit))
    step = -(-wished // segment) * segment
    return tuple(
        Chunk(
            index=index,
            start_frame=start,
            end_frame=min(start + step, total_frames),
            first_segment=start // segment + 1,
        )
        for index, start in enumerate(range(0, total_frames, step))
    )


def rest_of(chunk: Chunk, segment: int, written: int) -> Chunk | None:
    """What is left of a chunk after its first `written` segments of `segment` frames each; None if nothing is."""
    start = chunk.start_frame + written * segment
    if start >= chunk.end_frame:
        return None
    return replace(chunk, start_frame=start, first_segment=chunk.first_segment + written)
