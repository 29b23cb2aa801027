"""Measured bit rates."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.media.bitrate import Bitrate, measure


def test_a_short_tail_is_no_peak() -> None:
    """A set shorter than half the target counts only together with its neighbours."""
    assert measure([600, 600, 590], [6, 6, 1], timescale=1, target_s=6) == Bitrate(peak_bps=1360, average_bps=1102)


def test_a_set_may_last_one_and_a_half_targets() -> None:
    """The peak is over sets, not over single segments."""
    assert measure([10, 40, 50, 10], [2, 2, 2, 2], timescale=1, target_s=4).peak_bps == 200
    assert measure([10, 40, 50, 10], [2, 2, 2, 2], timescale=1, target_s=8).peak_bps == 180


def test_shorter_than_any_set() -> None:
    """A clip of less than half a second has its average for a peak."""
    assert measure([10], [30], timescale=100, target_s=1) == Bitrate(peak_bps=267, average_bps=267)


@given(st.lists(st.tuples(st.integers(1, 10**7), st.integers(1, 10**6)), min_size=1, max_size=40), st.integers(1, 12))
def test_peak_is_at_least_the_average(parts: list[tuple[int, int]], target_s: int) -> None:
    """A player that reserves the peak can always play the average."""
    sizes, durations = zip(*parts, strict=True)
    rate = measure(sizes, durations, timescale=90_000, target_s=target_s)
    assert rate.peak_bps >= rate.average_bps >= 1
