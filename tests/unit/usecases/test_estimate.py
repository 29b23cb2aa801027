"""Estimates before there is a video."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import pytest

from chalicelib.catalog.asset import Work
from chalicelib.catalog.options import Encoder
from chalicelib.catalog.prices import cost_of
from chalicelib.usecases.estimate import estimate
from tests.fakes import settings


@dataclass(frozen=True, slots=True)
class Measurement:
    """What publishing a film took of Lambda, computed from processor time (`benchmarks/cost_per_minute.py`).

    Attributes:
        heights: Of its renditions, in 16:9 at 30 frames a second.
        gb_s: Of every step of the render function, at its memory of 3008 MB.
        tasks: Chunks of 12 s, and the sound.
    """

    film: str
    seconds: int
    heights: tuple[int, ...]
    gb_s: Fraction
    tasks: int


MEASURED = (
    Measurement("the sample of `make run`", 20, (720, 480, 360), Fraction("26.89"), 3),
    Measurement("moving detail with grain", 30, (1080, 720, 480, 360), Fraction("85.79"), 4),
    Measurement("the same, smaller", 20, (480, 360), Fraction("12.82"), 3),
)


def test_only_rungs_of_the_source_are_paid_for() -> None:
    """The ladder is cut to the height; a source below all rungs pays for the smallest."""
    made = estimate(Fraction(60), 720, Fraction(30), settings())
    assert made.ladder == (720, 480, 360)
    # 1280x720, 854x480 and 640x360 at 30 frames a second: 47 megapixels a second, 0.035 GB-s each; 16 transitions.
    assert float(made.lambda_usd) == pytest.approx(0.00164 + 0.0004, rel=0.01)
    # SD at $0.0075 a minute, HD at twice that, each in three groups.
    assert made.mediaconvert_usd == Fraction("0.0075") * 3 * (2 + 1 + 1)
    assert made.usd(made.cheaper) == min(made.usd(Encoder.LAMBDA), made.usd(Encoder.MEDIACONVERT))
    assert estimate(Fraction(60), 100, Fraction(30), settings()).ladder == (360,)


@pytest.mark.parametrize("film", MEASURED, ids=lambda film: film.film)
def test_an_estimate_is_near_what_was_measured(film: Measurement) -> None:
    """What the work on a film came to is within half as much again of what was said before."""
    made = estimate(Fraction(film.seconds), film.heights[0], Fraction(30), settings())
    assert made.ladder == film.heights
    billed = Work(lambda_mb_ms=int(film.gb_s * 1024 * 1000), transitions=10 + film.tasks)
    ratio = made.lambda_usd / cost_of(billed).total_usd
    assert Fraction(2, 3) <= ratio <= Fraction(3, 2), float(ratio)


def test_fast_sources_are_paid_for_as_they_are_published() -> None:
    """120 frames a second are halved where 60 is the limit."""
    fast, published = (estimate(Fraction(60), 720, Fraction(rate), settings()) for rate in (120, 60))
    assert fast == published
