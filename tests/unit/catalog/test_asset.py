"""The transition table and the progress of an asset."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import pytest

from chalicelib.catalog.asset import (
    PREDECESSORS,
    Asset,
    AssetChange,
    AssetStatus,
    ProgressState,
    Work,
    percent_done,
    states_up_to,
)
from tests.unit.catalog.samples import an_asset


def test_nothing_follows_deleted() -> None:
    """A tombstone stays one."""
    assert not [status for status, before in PREDECESSORS.items() if AssetStatus.DELETED in before]


def test_every_status_has_its_predecessors() -> None:
    """No status is missing from the table, and none may be reached from itself."""
    assert set(PREDECESSORS) == set(AssetStatus)
    assert not [status for status, before in PREDECESSORS.items() if status in before]


def test_only_a_retry_leads_back() -> None:
    """Along the running order of statuses there is one way back: errored to waiting."""
    order = list(AssetStatus)
    back = {
        (earlier, later)
        for later, before in PREDECESSORS.items()
        for earlier in before
        if order.index(earlier) > order.index(later)
    }
    assert back == {(AssetStatus.ERRORED, AssetStatus.WAITING)}


def test_states_move_forward_only() -> None:
    """Each state may be written over itself and over those before it."""
    for earlier, later in pairwise(ProgressState):
        assert earlier in states_up_to(later)
        assert later not in states_up_to(earlier)


def test_a_change_has_the_fields_of_an_asset() -> None:
    """Every field of a change is one of the record, and all default to "leave alone"."""
    fields = {field.name for field in dataclasses.fields(AssetChange)}
    assert fields <= {field.name for field in dataclasses.fields(Asset)}


@pytest.mark.parametrize(
    ("state", "task_count", "done", "percent"),
    [
        (ProgressState.INGESTING, 0, 0, 0.0),
        (ProgressState.ENCODING, 16, 10, 62.5),
        (ProgressState.PACKAGING, 16, 16, 99.0),
        (ProgressState.COMPLETED, 16, 16, 100.0),
        (ProgressState.COMPLETED, 0, 0, 100.0),
    ],
)
def test_percent_is_of_tasks_and_ends_at_completed(
    state: ProgressState, task_count: int, done: int, percent: float
) -> None:
    """Percent counts finished tasks, and says 100 only when everything is done."""
    asset = an_asset(state=state, task_count=task_count)
    assert percent_done(asset, Work(tasks_done=done)) == percent
