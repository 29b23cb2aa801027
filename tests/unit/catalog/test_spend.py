"""Months and their thresholds."""

from __future__ import annotations

from fractions import Fraction

import pytest

from chalicelib.catalog.spend import month_of, reached


def test_months_end_in_utc() -> None:
    """The last millisecond of a year is still December."""
    new_year_ms = 1_798_761_600_000
    assert (month_of(new_year_ms - 1), month_of(new_year_ms)) == ("2026-12", "2027-01")


@pytest.mark.parametrize(("spent", "percents"), [("7.99", []), ("8", [80]), ("9.99", [80]), ("10", [80, 100])])
def test_thresholds_are_reached_exactly(spent: str, percents: list[int]) -> None:
    """Of a budget of ten dollars."""
    assert [each.threshold_percent for each in reached("2026-12", Fraction(spent), Fraction(10))] == percents
