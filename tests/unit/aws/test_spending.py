"""The bill of a month has every bill once, whoever dies or writes in between."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chalicelib.aws.spending import POST_EVERY_MS
from chalicelib.aws.store import Update
from chalicelib.catalog.asset import Work
from chalicelib.errors import TableUnavailable
from tests.fakes import NOW_MS, FakeTable

MONTH = "2027-01"
Change = tuple[str, str, Update]


class _Interrupted(FakeTable):
    """Calls `before` ahead of the next posting, once."""

    def __init__(self) -> None:
        super().__init__()
        self.before: Callable[[], object] = _nothing

    def _update_both(self, *changes: Change) -> bool:
        before, self.before = self.before, _nothing
        before()
        return super()._update_both(*changes)


def _nothing() -> None:
    return


def _die() -> None:
    raise TableUnavailable("the worker is gone")


def _spent(table: FakeTable) -> Work:
    return table.get_spend(MONTH)


def test_what_a_dead_worker_left_is_posted_by_the_next() -> None:
    """An addition whose posting was cut off is neither lost nor doubled."""
    table = _Interrupted()
    table.before = _die
    with pytest.raises(TableUnavailable):
        table.add_work("as_1", billed_ms=5, memory_mb=100, transitions=1, now_ms=NOW_MS)
    assert _spent(table).transitions == 0
    for _ in range(2):
        table.add_work("as_1", billed_ms=5, memory_mb=100, transitions=1, now_ms=NOW_MS)
    assert (_spent(table).lambda_mb_ms, _spent(table).transitions) == (1500, 3)


def test_two_who_post_at_once_post_once() -> None:
    """Who finds the bill posted by another posts only what that one had not seen."""
    table = _Interrupted()
    table.before = lambda: table.add_work("as_1", mediaconvert_microusd=7, now_ms=NOW_MS)
    table.mark_task_done("as_1", "0" * 64, 0, billed_ms=1, memory_mb=100, now_ms=NOW_MS)
    assert (_spent(table).lambda_mb_ms, _spent(table).mediaconvert_microusd) == (100, 7)


def test_a_step_under_way_posts_now_and_then() -> None:
    """Each look of a running encoder is on its bill; the month hears of it less often, and at its end in full."""
    table = FakeTable()
    for seconds in (0, 2, 4):
        table.add_work("as_1", billed_ms=1, memory_mb=100, now_ms=NOW_MS + 1000 * seconds)
    assert _spent(table).lambda_mb_ms == 100
    table.add_work("as_1", billed_ms=1, memory_mb=100, now_ms=NOW_MS + POST_EVERY_MS)
    assert _spent(table).lambda_mb_ms == 400
    table.add_work("as_1", billed_ms=1, memory_mb=100, transitions=1, now_ms=NOW_MS + POST_EVERY_MS + 1)
    assert (_spent(table).lambda_mb_ms, _spent(table).transitions) == (500, 1)
