"""The true name of a failure, and what the customer is told."""

from __future__ import annotations

import json

import pytest

from chalicelib.catalog.asset import AssetStatus
from chalicelib.errors import (
    EncoderFailed,
    EncoderKilled,
    ExecutionLost,
    InternalFault,
    NotAVideo,
    PlanMismatch,
    SluiceError,
    SourceChanged,
)
from chalicelib.usecases.record_failure import FailedWork, record_failure, resolve
from tests.unit.catalog.samples import an_asset
from tests.unit.usecases.desk import Desk

SAID = "neither pictures nor sound"


def _of_lambda(message: str = SAID) -> str:
    return json.dumps({"errorMessage": message, "errorType": "any", "stackTrace": []})


def _of_execution(error: str, cause: str) -> str:
    return json.dumps({"ExecutionArn": "arn", "Status": "FAILED", "Error": error, "Cause": cause})


@pytest.mark.parametrize(
    ("name", "cause", "kind"),
    [
        ("NotAVideo", _of_lambda(), NotAVideo),
        ("PLAN_HASH_MISMATCH", _of_lambda(), PlanMismatch),
        ("States.TaskFailed", _of_execution("EncoderKilled", SAID), EncoderKilled),
        ("States.TaskFailed", _of_execution("States.TaskFailed", _of_execution("NotAVideo", SAID)), NotAVideo),
        ("States.TaskFailed", _of_execution("States.Timeout", ""), ExecutionLost),
        ("States.TaskFailed", "no document at all", ExecutionLost),
        ("States.Timeout", "", ExecutionLost),
        ("Sandbox.Timedout", _of_lambda("Task timed out"), ExecutionLost),
        ("Runtime.ExitError", _of_lambda("exit status 1"), ExecutionLost),
        ("KeyError", _of_lambda("'x'"), InternalFault),
        ("SluiceError", _of_lambda(), InternalFault),
    ],
)
def test_names_are_resolved(name: str, cause: str, kind: type[SluiceError]) -> None:
    """Every name that a Catch may see leads to one error of the table, also from within a nested execution."""
    assert resolve(name, cause).kind is kind


def test_the_customer_hears_of_his_own_faults_only() -> None:
    """A UserError speaks for itself, also through two machines; what went wrong inside stays in the log."""
    assert resolve("NotAVideo", _of_lambda()).message == SAID
    assert resolve("States.TaskFailed", _of_execution("NotAVideo", SAID)).message == SAID
    inside = "/opt/bin/ffmpeg: /tmp/x: no such file"
    for name in ("EncoderFailed", "Boom", "States.Timeout"):
        assert inside not in resolve(name, _of_lambda(inside)).message
    assert resolve("EncoderFailed", "").message == str(EncoderFailed.__doc__)


def _record(desk: Desk, name: str, *, attempt: int | None) -> dict[str, object]:
    return record_failure(
        FailedWork(an_asset().id, attempt=attempt), name, _of_lambda(), desk.table, now_ms=desk.clock()
    )


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.table.create_asset(an_asset(errors=(), attempt=2))
    return desk


def test_the_first_failure_stays(desk: Desk) -> None:
    """The outer execution, which fails because the inner one did, adds nothing."""
    assert _record(desk, "NotAVideo", attempt=2) == {"Error": "NotAVideo", "Cause": SAID}
    assert _record(desk, "SourceChanged", attempt=2)["Error"] == SourceChanged.__name__
    asset = desk.table.get_asset(an_asset().id)
    assert asset.status is AssetStatus.ERRORED
    assert [(error.code, error.message) for error in asset.errors] == [("not-a-video", SAID)]


@pytest.mark.parametrize(("name", "attempt"), [("NotAVideo", 1), ("WorkSuperseded", 2)])
def test_what_is_not_the_assets_failure_leaves_it_alone(desk: Desk, name: str, attempt: int) -> None:
    """An earlier attempt's failure, or the news that the work is no longer wanted."""
    _record(desk, name, attempt=attempt)
    assert desk.table.get_asset(an_asset().id).status is AssetStatus.PREPARING


def test_an_execution_started_by_hand_fails_the_asset_too(desk: Desk) -> None:
    """Without an attempt in its input, any attempt counts."""
    _record(desk, "NotAVideo", attempt=None)
    assert desk.table.get_asset(an_asset().id).status is AssetStatus.ERRORED
