"""Estimates before there is a video."""

from __future__ import annotations

from fractions import Fraction

import pytest

from chalicelib.catalog.options import Encoder
from chalicelib.usecases.estimate import estimate
from tests.fakes import settings


def test_only_rungs_of_the_source_are_paid_for() -> None:
    """The ladder is cut to the height; a source below all rungs pays for the smallest."""
    made = estimate(Fraction(60), 720, Fraction(30), settings())
    assert made.ladder == (720, 480, 360)
    # 1280x720, 854x480 and 640x360 at 30 frames a second: 46 megapixels a second, 0.095 GB-s each.
    assert float(made.lambda_usd) == pytest.approx(0.00444, rel=0.01)
    # SD at $0.0075 a minute, HD at twice that, each in three groups.
    assert made.mediaconvert_usd == Fraction("0.0075") * 3 * (2 + 1 + 1)
    assert made.usd(made.cheaper) == min(made.usd(Encoder.LAMBDA), made.usd(Encoder.MEDIACONVERT))
    assert estimate(Fraction(60), 100, Fraction(30), settings()).ladder == (360,)


def test_fast_sources_are_paid_for_as_they_are_published() -> None:
    """120 frames a second are halved where 60 is the limit."""
    fast, published = (estimate(Fraction(60), 720, Fraction(rate), settings()) for rate in (120, 60))
    assert fast == published
