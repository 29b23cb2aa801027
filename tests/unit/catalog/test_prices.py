"""The estimate of what an asset has cost."""

from __future__ import annotations

from fractions import Fraction

import pytest

from chalicelib.catalog.asset import Work
from chalicelib.catalog.prices import REGIONS, cost_of, prices_of


def test_an_hour_of_one_gigabyte() -> None:
    """3600 GB-seconds and 1000 transitions cost what the price list says."""
    cost = cost_of(Work(lambda_mb_ms=1024 * 3600 * 1000, transitions=1000))
    assert cost.lambda_usd == Fraction("0.06000012")
    assert cost.sfn_usd == Fraction("0.025")
    assert cost.total_usd == Fraction("0.08500012")


def test_the_bill_is_by_the_prices_of_its_region() -> None:
    """A transition costs half as much again in Sao Paulo."""
    assert cost_of(Work(transitions=1000, region="sa-east-1")).total_usd == Fraction("0.0375")


@pytest.mark.parametrize(
    ("region", "row"),
    [
        ("eu-central-1", "eu-central-1"),
        ("eu-north-1", "eu-west-1"),
        ("ca-central-1", "us-east-1"),
        ("ap-south-2", "ap-south-1"),
        ("af-south-1", "us-east-1"),
    ],
)
def test_an_unknown_region_has_the_prices_of_one_that_is_named(region: str, row: str) -> None:
    """The nearest that is known, and the answer says which."""
    assert prices_of(region).region == row


def test_arm_is_cheaper_than_x86_everywhere() -> None:
    """A row whose columns were mixed up would show."""
    for row in REGIONS.values():
        assert row.invocation < row.lambda_arm_gb_s < row.lambda_x86_gb_s < row.transition
        assert row.disk_gb_s < row.invocation
