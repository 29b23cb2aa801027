"""The bill of a step."""

from __future__ import annotations

import pytest

from chalicelib.usecases.progress import metered
from tests.fakes import Clock, FakeTable


def test_a_step_that_fails_is_on_the_bill() -> None:
    """Time and transition are noted however the step ends."""
    table = FakeTable()
    with pytest.raises(ZeroDivisionError), metered("as_1", table, memory_mb=1024, clock=Clock()):
        raise ZeroDivisionError
    work = table.get_progress("as_1", None)
    assert work.lambda_mb_ms >= 1024
    assert work.transitions == 1


def test_a_settled_step_is_billed_once() -> None:
    """Who writes the bill along with its result says so."""
    table = FakeTable()
    with metered("as_1", table, memory_mb=1024, clock=Clock()) as meter:
        meter.settled = True
    assert table.items == {}
