"""Measured bit rates of a run of segments (RFC 8216 4.3.4.2).

The peak is the highest rate of any contiguous set of segments that lasts between 0.5 and 1.5 target durations; the
average is over all of them. The peak is never below the average.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Bitrate:
    """Bits per second, rounded up."""

    peak_bps: int
    average_bps: int


def measure(sizes_bytes: Sequence[int], durations_ticks: Sequence[int], *, timescale: int, target_s: int) -> Bitrate:
    """Measure consecutive segments, of which there is at least one, each longer than 0 ticks."""
    shortest, longest = Fraction(timescale * target_s, 2), Fraction(3 * timescale * target_s, 2)
    peak_bytes, peak_ticks = sum(sizes_bytes), sum(durations_ticks)
    average = _bits_per_second(peak_bytes, peak_ticks, timescale)
    for first in range(len(sizes_bytes)):
        size = ticks = 0
        for index in range(first, len(sizes_bytes)):
            size += sizes_bytes[index]
            ticks += durations_ticks[index]
            if ticks > longest:
                break
            if ticks >= shortest and size * peak_ticks > peak_bytes * ticks:
                peak_bytes, peak_ticks = size, ticks
    return Bitrate(peak_bps=_bits_per_second(peak_bytes, peak_ticks, timescale), average_bps=average)


def _bits_per_second(size_bytes: int, ticks: int, timescale: int) -> int:
    return -(-8 * size_bytes * timescale // ticks)
