"""Times as text."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.media.decimals import fixed, nearest


def test_fixed() -> None:
    """Exactly as many digits as asked for, a half rounded up."""
    assert fixed(Fraction(30000, 1001), 3) == "29.970"
    assert fixed(Fraction(1, 3), 6) == "0.333333"
    assert fixed(Fraction(5, 1000), 2) == "0.01"
    assert fixed(Fraction(9999, 1000), 2) == "10.00"


@given(st.fractions(min_value=0, max_value=10**9), st.integers(1, 9))
def test_rounding_error(value: Fraction, places: int) -> None:
    """The text is never more than half a unit of its last digit away."""
    assert abs(Fraction(fixed(value, places)) - value) <= Fraction(1, 2 * 10**places)
    assert abs(nearest(value) - value) <= Fraction(1, 2)
