"""What a deployment spends in a calendar month (UTC), and what of it is worth an event.

The bill of a month is the sum of everything that was put on the bill of an asset or a render in it: the same estimate
at list prices (`catalog/prices.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

THRESHOLDS_PERCENT = (80, 100)


@dataclass(frozen=True, slots=True)
class MonthlySpend:
    """A month, named as "2026-11", whose bill has reached a share of its budget. US dollars."""

    id: str
    threshold_percent: int
    spent_usd: Fraction
    budget_usd: Fraction


def month_of(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m}"


def reached(month: str, spent_usd: Fraction, budget_usd: Fraction) -> tuple[MonthlySpend, ...]:
    """One for each threshold that the month's bill has come to."""
    return tuple(
        MonthlySpend(month, percent, spent_usd, budget_usd)
        for percent in THRESHOLDS_PERCENT
        if spent_usd * 100 >= budget_usd * percent
    )
