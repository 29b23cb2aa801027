"""Renders whose execution was lost, row by row of the module's table."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.aws.workflows import Execution, ExecutionStatus
from chalicelib.catalog.render import UNFINISHED, Render, RenderStatus
from chalicelib.usecases.cleanup import STUCK_AFTER_MS, clean_up
from chalicelib.usecases.lost_renders import GIVE_UP_AFTER_MS, MAX_ATTEMPTS
from tests.unit.catalog.samples import RENDER_ID, a_render
from tests.unit.usecases.desk import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


def _given(desk: Desk, **changes: Any) -> None:
    arn = desk.workflows.render_execution_arn(RENDER_ID)
    desk.table.create_render(a_render(**{"errors": (), "attempt": 1, "execution_arn": arn, **changes}))


def _ended(desk: Desk, status: ExecutionStatus, error: str = "", cause: str = "") -> None:
    arn = str(desk.table.get_render(RENDER_ID).execution_arn)
    desk.workflows.executions[arn] = Execution(arn, status, error, cause)


def _later(desk: Desk, wait_ms: int = STUCK_AFTER_MS + 1) -> Render:
    """The render after `wait_ms` and one run of the schedule."""
    desk.clock.now_ms += wait_ms
    clean_up(desk.objects, desk.table, desk.queues, desk.workflows, desk.tools, desk.settings, now_ms=desk.clock())
    return desk.table.get_render(RENDER_ID)


@pytest.mark.parametrize("status", sorted(UNFINISHED))
def test_what_runs_is_left_alone(desk: Desk, status: RenderStatus) -> None:
    """However long it takes."""
    _given(desk, status=status)
    _ended(desk, ExecutionStatus.RUNNING)
    before = desk.table.get_render(RENDER_ID)
    assert _later(desk, 2 * GIVE_UP_AFTER_MS) == before


def test_what_was_not_started_is_started(desk: Desk) -> None:
    """Not at once, because whoever made it may be about to."""
    _given(desk, status=RenderStatus.QUEUED, execution_arn=None)
    assert _later(desk, STUCK_AFTER_MS - 1).execution_arn is None
    render = _later(desk, 2)
    assert render.execution_arn == desk.workflows.render_execution_arn(RENDER_ID)
    assert desk.workflows.inputs[RENDER_ID]["RenderId"] == RENDER_ID


def test_what_cannot_be_started_fails(desk: Desk) -> None:
    """After hours, with a reason."""
    _given(desk, status=RenderStatus.QUEUED, execution_arn=None)
    render = _later(desk, GIVE_UP_AFTER_MS + 1)
    assert (render.status, [error.code for error in render.errors]) == (RenderStatus.FAILED, ["execution-lost"])


def test_a_failure_that_was_not_recorded_is_recorded(desk: Desk) -> None:
    """The execution says what went wrong, so nothing is begun again."""
    _given(desk)
    _ended(desk, ExecutionStatus.FAILED, "InvalidProject", "there is no index.html")
    render = _later(desk)
    assert render.status is RenderStatus.FAILED
    assert [(error.code, error.message) for error in render.errors] == [("invalid-project", "there is no index.html")]


def test_an_execution_out_of_time_is_a_render_out_of_time(desk: Desk) -> None:
    """It would take as long again."""
    _given(desk)
    _ended(desk, ExecutionStatus.TIMED_OUT)
    render = _later(desk)
    assert (render.status, [error.code for error in render.errors]) == (RenderStatus.TIMED_OUT, ["execution-lost"])


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (ExecutionStatus.FAILED, "States.ServiceRestart"),
        (ExecutionStatus.ABORTED, ""),
        (ExecutionStatus.SUCCEEDED, ""),
        (ExecutionStatus.MISSING, ""),
    ],
)
def test_a_lost_execution_is_begun_again(desk: Desk, status: ExecutionStatus, error: str) -> None:
    """Under the name of the next attempt; the third time the render fails."""
    _given(desk)
    for attempt in range(1, MAX_ATTEMPTS):
        _ended(desk, status, error)
        render = _later(desk)
        name = f"{RENDER_ID}-{attempt + 1}"
        assert (render.status, render.attempt) == (RenderStatus.RENDERING, attempt + 1)
        assert render.execution_arn == desk.workflows.render_execution_arn(name)
        assert desk.workflows.inputs[name]["Attempt"] == attempt + 1
    _ended(desk, status, error)
    assert [each.code for each in _later(desk).errors] == ["execution-lost"]
