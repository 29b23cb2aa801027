"""Exact times as text: manifests round once, here, and never through a float."""

from __future__ import annotations

from fractions import Fraction


def nearest(value: Fraction) -> int:
    """The nearest integer to a value of at least 0; a half goes up."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def fixed(value: Fraction, places: int) -> str:
    """A value of at least 0 with exactly `places` (1 or more) digits after the point."""
    scaled = nearest(value * 10**places)
    return f"{scaled // 10**places}.{scaled % 10**places:0{places}d}"


def clock(milliseconds: int) -> str:
    """A time of WebVTT, HH:MM:SS.mmm; the hours may outgrow two digits."""
    seconds, milliseconds = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}.{milliseconds:03d}"
