"""The state machines against the error table, the template and the rules of STYLE.md."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from chalicelib.errors import SluiceError, all_errors
from sluice.lint import lint_state_machine, substitutions
from sluice.paths import Project

PROJECT = Project.here()
MACHINES = sorted(PROJECT.state_machines.glob("*.asl.json"))
LAMBDA_ERRORS = frozenset(
    f"Lambda.{name}"
    for name in ("ServiceException", "AWSLambdaException", "SdkClientException", "TooManyRequestsException")
)
REFUSED_STARTS = frozenset({"Lambda.TooManyRequestsException", "StepFunctions.ExecutionLimitExceededException"})
PLATFORM_ERRORS = LAMBDA_ERRORS | REFUSED_STARTS
TABLE: dict[str, type[SluiceError]] = {kind.wire_code or kind.__name__: kind for kind in all_errors()}

State = dict[str, Any]

each_machine = pytest.mark.parametrize("path", MACHINES, ids=lambda path: path.name.partition(".")[0])


def _states(machine: State) -> Iterator[tuple[str, State]]:
    """Every state, those inside Maps too."""
    for name, state in machine["States"].items():
        yield name, state
        if "ItemProcessor" in state:
            yield from _states(state["ItemProcessor"])


def _machine(path: Path) -> State:
    machine: State = json.loads(path.read_text())
    return machine


def _tasks(path: Path) -> list[tuple[str, State]]:
    return [(name, state) for name, state in _states(_machine(path)) if state["Type"] == "Task"]


def _template() -> State:
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda _loader, suffix, node: {suffix: node.value})
    template: State = yaml.load(PROJECT.merge_template.read_text(), Loader)  # noqa: S506  a SafeLoader
    return template


def test_the_machines_are_there() -> None:
    """The flow is publish, which starts early and runs render; static renditions have their own."""
    names = [path.name.partition(".")[0] for path in MACHINES]
    assert names == ["early", "publish", "render", "rendition"]


@each_machine
def test_statelint_has_nothing_to_say(path: Path) -> None:
    """Each definition is valid with its substitutions in place, and every Next leads to a state."""
    assert lint_state_machine(path) == []


def test_a_next_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    """What cfn-lint alone would let pass."""
    text = (PROJECT.state_machines / "publish.asl.json").read_text()
    assert '"Next": "ValidateOutputs"' in text
    broken = tmp_path / "broken.asl.json"
    broken.write_text(text.replace('"Next": "ValidateOutputs"', '"Next": "Nowhere"'))
    assert any("Nowhere" in problem for problem in lint_state_machine(broken))


@each_machine
def test_error_names_are_in_the_table(path: Path) -> None:
    """Every name that a Retry or a Catch matches is ours, a platform's known one, or States.ALL in a Catch."""
    for name, state in _states(_machine(path)):
        retried = [error for retry in state.get("Retry", []) for error in retry["ErrorEquals"]]
        caught = [error for catch in state.get("Catch", []) for error in catch["ErrorEquals"]]
        assert set(retried) <= TABLE.keys() | PLATFORM_ERRORS, name
        assert set(caught) <= TABLE.keys() | {"States.ALL"}, name


@each_machine
def test_what_is_retried_is_worth_retrying(path: Path) -> None:
    """A retried name of ours is a transient one; States.ALL is never retried, so there is no list of exceptions."""
    for name, state in _states(_machine(path)):
        retried = {error for retry in state.get("Retry", []) for error in retry["ErrorEquals"]}
        assert "States.ALL" not in retried, name
        assert all(TABLE[error].retryable for error in retried & TABLE.keys()), name


@each_machine
def test_every_task_is_bounded_and_watched(path: Path) -> None:
    """Every Task has a timeout, jittered and capped retries, and a Catch of everything."""
    for name, task in _tasks(path):
        assert task["TimeoutSeconds"] > 0, name
        for retry in task["Retry"]:
            assert retry["JitterStrategy"] == "FULL", name
            assert retry["MaxDelaySeconds"] > retry["IntervalSeconds"], name
            assert retry["MaxAttempts"] > 0, name
        caught = [error for catch in task.get("Catch", []) for error in catch["ErrorEquals"]]
        assert caught == ["States.ALL"] or name in ("RenderChunk", "CopyChunk"), name


@each_machine
def test_lambda_tasks_bear_lambda_itself(path: Path) -> None:
    """Every task on a function retries the errors that Lambda itself may answer with."""
    for name, task in _tasks(path):
        if "lambda:invoke" in task["Resource"]:
            retried = {error for retry in task["Retry"] for error in retry["ErrorEquals"]}
            assert retried >= LAMBDA_ERRORS, name


@each_machine
def test_failures_are_recorded_before_they_fail(path: Path) -> None:
    """Every Catch leads to a state that records the failure, and that one to Fail, whatever becomes of the record.

    The early publication is the exception: it never fails an asset.
    """
    states = dict(_states(_machine(path)))
    for name, state in states.items():
        if path.name == "early.asl.json" or name in ("StartEarly", "GrowEarly", "EndEarly"):
            continue
        for catch in state.get("Catch", []):
            target = catch["Next"]
            if (
                state.get("Type") == "Task"
                and state.get("Parameters", {}).get("Payload", {}).get("Action") == "recordFailure"
            ):
                assert states[target]["Type"] == "Fail", name
            else:
                assert states[target]["Parameters"]["Payload"]["Action"] == "recordFailure", name


def test_the_early_publication_never_fails_an_asset() -> None:
    """Publish goes on whatever happens, and waits for the start alone; whatever fails later ends in success.

    Each way out of it where the copy is not whole ends the playlists first.
    """
    publish = _machine(PROJECT.state_machines / "publish.asl.json")["States"]
    assert publish["GrowEarly"]["Resource"] == "arn:aws:states:::states:startExecution"
    assert _longest(publish["StartEarly"]) < 60
    for name in ("StartEarly", "GrowEarly"):
        assert [catch["Next"] for catch in publish[name]["Catch"]] == ["EndEarly"]
    assert publish["EndEarly"]["Next"] == "ChooseEncoder"
    assert [catch["Next"] for catch in publish["EndEarly"]["Catch"]] == ["ChooseEncoder"]
    states = dict(_states(_machine(PROJECT.state_machines / "early.asl.json")))
    for name, state in states.items():
        assert state["Type"] != "Fail", name
        ends = [catch["Next"] for catch in state.get("Catch", [])]
        assert set(ends) <= ({"LeftToTheLadder"} if name == "EndEarly" else {"EndEarly"}), name
    assert states["LeftToTheLadder"]["Type"] == "Succeed"
    assert "recordFailure" not in (PROJECT.state_machines / "early.asl.json").read_text()


@each_machine
def test_the_time_budget_holds(path: Path) -> None:
    """All attempts of all tasks, once each and with every wait between them, fit into the machine's own timeout."""
    # RenderManyChunks, and Transcode, are the other ways through the same Choices.
    others = ("RenderOneOfMany", "RecordChunkFailure", "Transcode")
    tasks = [task for name, task in _tasks(path) if name not in others]
    assert sum(map(_longest, tasks)) <= _machine(path)["TimeoutSeconds"]


def test_both_encoders_have_the_same_time() -> None:
    """Whichever way is taken, with all retries of the start, the rest of the machine has its time too."""
    states = _machine(PROJECT.state_machines / "publish.asl.json")["States"]
    assert states["Transcode"]["TimeoutSeconds"] == states["Render"]["TimeoutSeconds"]
    assert _longest(states["Transcode"]) <= _longest(states["Render"])


def _longest(task: State) -> int:
    """Seconds. A start that was refused takes no time of its own, so only its wait counts; where a token is waited for,
    what is retried is the function that starts the work."""
    seconds = task["TimeoutSeconds"]
    again = 60 if task["Resource"].endswith(".waitForTaskToken") else seconds
    for retry in task["Retry"]:
        refused = set(retry["ErrorEquals"]) <= REFUSED_STARTS
        seconds += retry["MaxAttempts"] * (retry["MaxDelaySeconds"] + (0 if refused else again))
    return int(seconds)


def test_a_lone_chunk_and_one_of_many_are_the_same_task() -> None:
    """Both Maps run a chunk with the same event, timeout and retries."""
    states = dict(_states(_machine(PROJECT.state_machines / "render.asl.json")))
    same = ("Resource", "Parameters", "TimeoutSeconds", "Retry")
    assert all(states["RenderChunk"][field] == states["RenderOneOfMany"][field] for field in same)


def test_the_outer_execution_outlives_the_inner() -> None:
    """Publish waits for as long as render may take."""
    publish, render = (_machine(PROJECT.state_machines / f"{name}.asl.json") for name in ("publish", "render"))
    assert publish["States"]["Render"]["TimeoutSeconds"] > render["TimeoutSeconds"]
    assert publish["TimeoutSeconds"] > publish["States"]["Render"]["TimeoutSeconds"]


@each_machine
def test_every_substitution_is_given(path: Path) -> None:
    """The template gives each machine exactly what its definition asks for, and ARNs appear in no other way."""
    resources = _template()["Resources"].values()
    given = [
        body["Properties"]["DefinitionSubstitutions"].keys()
        for body in resources
        if body.get("Type") == "AWS::Serverless::StateMachine"
        and body["Properties"]["DefinitionUri"].endswith(path.name)
    ]
    assert given == [substitutions(path.read_text())]
    resources_named = {task["Resource"] for _, task in _tasks(path)}
    assert resources_named <= {
        "arn:aws:states:::lambda:invoke",
        "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "arn:aws:states:::states:startExecution",
        "arn:aws:states:::states:startExecution.sync:2",
    }
