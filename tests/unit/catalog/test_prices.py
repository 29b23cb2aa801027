"""The estimate of what an asset has cost."""

from __future__ import annotations

from fractions import Fraction

from chalicelib.catalog.asset import Work
from chalicelib.catalog.prices import cost_of


def test_an_hour_of_one_gigabyte() -> None:
    """3600 GB-seconds and 1000 transitions cost what the price list says."""
    cost = cost_of(Work(lambda_mb_ms=1024 * 3600 * 1000, transitions=1000))
    assert cost.lambda_usd == Fraction("0.06000012")
    assert cost.sfn_usd == Fraction("0.025")
    assert cost.total_usd == Fraction("0.08500012")
