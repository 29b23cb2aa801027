"""Chunks tile the frames, in whole segments."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.media.chunks import gop_frames, plan_chunks, rest_of


@given(st.integers(1, 10**7), st.integers(1, 400), st.integers(1, 5000), st.integers(1, 1000))
def test_chunks_tile(total_frames: int, segment: int, target: int, limit: int) -> None:
    """No gap, no overlap, whole segments but at the end, numbers that follow, and never more than the limit."""
    chunks = plan_chunks(total_frames, segment, target, limit)
    assert len(chunks) <= limit
    assert chunks[0].start_frame == 0
    assert chunks[-1].end_frame == total_frames
    assert [chunk.index for chunk in chunks] == list(range(len(chunks)))
    for before, after in pairwise(chunks):
        assert before.end_frame == after.start_frame
        assert (before.end_frame - before.start_frame) % segment == 0
        assert after.first_segment == before.first_segment + (before.end_frame - before.start_frame) // segment
    assert chunks[0].first_segment == 1
    assert all(chunk.start_frame < chunk.end_frame for chunk in chunks)


def test_a_chunk_is_the_wished_length_where_it_can_be() -> None:
    """Only the limit makes a chunk longer than the target rounded up to segments."""
    assert [chunk.end_frame for chunk in plan_chunks(1000, 180, 360, 100)] == [360, 720, 1000]
    assert [chunk.end_frame for chunk in plan_chunks(1000, 180, 361, 100)] == [540, 1000]
    assert [chunk.end_frame for chunk in plan_chunks(1000, 180, 360, 2)] == [540, 1000]


@pytest.mark.parametrize("arguments", [(0, 1, 1, 1), (1, 0, 1, 1), (1, 1, 0, 1), (1, 1, 1, 0)])
def test_nothing_below_one_makes_sense(arguments: tuple[int, int, int, int]) -> None:
    """A caller's mistake is not a plan."""
    with pytest.raises(ValueError, match="at least 1"):
        plan_chunks(*arguments)


@pytest.mark.parametrize(
    ("rate", "seconds", "expected"),
    [
        (Fraction(30), 6, (60, 180)),
        (Fraction(30000, 1001), 6, (60, 180)),
        (Fraction(24000, 1001), 6, (48, 144)),
        (Fraction(25, 2), 6, (25, 75)),
        (Fraction(10), 6, (20, 60)),
        (Fraction(1), 6, (2, 6)),
        (Fraction(1), 1, (1, 1)),
        (Fraction(30), 2, (60, 60)),
        (Fraction(30), 1, (30, 30)),
        (Fraction(30), 5, (75, 150)),
    ],
)
def test_gops_divide_segments(rate: Fraction, seconds: int, expected: tuple[int, int]) -> None:
    """A GOP is near two seconds, a segment is whole GOPs."""
    assert gop_frames(rate, seconds) == expected


@given(st.integers(1, 1000), st.integers(1, 60), st.integers(0, 40))
def test_the_rest_of_a_chunk_begins_with_a_segment(total_frames: int, segment: int, written: int) -> None:
    """What is written and what is left tile the chunk, and nothing is left after the last segment."""
    (chunk,) = plan_chunks(total_frames, segment, total_frames, 1)
    rest = rest_of(chunk, segment, written)
    if rest is None:
        assert written * segment >= total_frames
    else:
        assert (rest.start_frame, rest.end_frame) == (written * segment, total_frames)
        assert rest.first_segment == written + 1
