"""A stack keeps what it was told before, and its failures are named."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from botocore.stub import ANY

from sluice.account.stack import ChangeSet, Stack
from sluice.failure import DeployFailed
from sluice.report import Report
from tests.unit.sluice.account.stubbed import Script

_ID = "arn:aws:cloudformation:eu-west-1:123456789012:stack/sluice-dev/1"
_THEN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
_QUIET = Report(quiet=True)


def _described(status: str, **parameters: str) -> dict[str, Any]:
    found = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
    stack = {
        "StackName": "sluice-dev",
        "StackId": _ID,
        "CreationTime": _THEN,
        "StackStatus": status,
        "Parameters": found,
    }
    return {"Stacks": [stack]}


def _event(event_id: str, status: str, reason: str = "", **more: str) -> dict[str, Any]:
    return {
        "StackId": _ID,
        "EventId": event_id,
        "StackName": "sluice-dev",
        "Timestamp": _THEN,
        "LogicalResourceId": "Render",
        "ResourceType": "AWS::Lambda::Function",
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
        **more,
    }


def _stack(script: Script) -> Stack:
    return Stack(script.client("cloudformation"), "sluice-dev", poll_s=0)


def test_an_update_keeps_the_parameters_that_are_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given ones are sent, others that the template still has keep their value, and ones it lost are left out."""
    script = Script(monkeypatch)
    deployed = _described("UPDATE_COMPLETE", Ladder="720", Quality="high", Gone="x")
    script.expect("cloudformation", "describe_stacks", None, deployed)
    script.expect("cloudformation", "describe_stacks", None, deployed)
    script.expect(
        "cloudformation",
        "create_change_set",
        {
            "StackName": "sluice-dev",
            "ChangeSetName": ANY,
            "ChangeSetType": "UPDATE",
            "TemplateURL": "https://t",
            "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            "Parameters": [
                {"ParameterKey": "Quality", "ParameterValue": "fast"},
                {"ParameterKey": "Ladder", "UsePreviousValue": True},
            ],
            "ImportExistingResources": False,
        },
    )
    nothing = {"Status": "FAILED", "StatusReason": "The submitted information didn't contain changes."}
    script.expect("cloudformation", "describe_change_set", None, nothing)

    declared = frozenset({"Ladder", "Quality", "Codecs"})
    change_set = _stack(script).prepare("https://t", {"Quality": "fast"}, declared, adopt=False)

    assert (change_set.makes_stack, change_set.changes) == (False, ())
    script.finished()


def test_a_refused_template_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason of a change set that failed is the message."""
    script = Script(monkeypatch)
    for _ in range(2):
        script.refuse("cloudformation", "describe_stacks", "ValidationError")
    script.expect("cloudformation", "create_change_set", None)
    refused = {"Status": "FAILED", "StatusReason": "Transform AWS::Serverless failed: no such property"}
    script.expect("cloudformation", "describe_change_set", None, refused)

    with pytest.raises(DeployFailed, match="no such property"):
        _stack(script).prepare("https://t", {}, frozenset(), adopt=False)


def test_the_resource_that_failed_is_named_and_not_those_that_were_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rollback says which resource was first, and why."""
    script = Script(monkeypatch)
    before = _event("0", "CREATE_FAILED", "of an earlier deploy")
    events = [
        _event("3", "CREATE_FAILED", "Resource creation cancelled"),
        _event("2", "CREATE_FAILED", "no concurrency left"),
        _event("1", "CREATE_IN_PROGRESS"),
        before,
    ]
    script.expect("cloudformation", "describe_stack_events", None, {"StackEvents": [before]})
    script.expect("cloudformation", "execute_change_set", {"StackName": "sluice-dev", "ChangeSetName": "c"})
    script.expect("cloudformation", "describe_stacks", None, _described("UPDATE_ROLLBACK_COMPLETE"))
    for _ in range(2):
        script.expect("cloudformation", "describe_stack_events", None, {"StackEvents": events})

    with pytest.raises(DeployFailed) as caught:
        _stack(script).execute(ChangeSet("c", False, ()), _QUIET)

    assert "Render (AWS::Lambda::Function): no concurrency left" in caught.value.message
    assert "earlier" not in caught.value.message
    assert "cancelled" not in caught.value.message


def test_what_is_invalid_before_it_begins_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """CloudFormation keeps the errors of its validation apart from the stack's events; they are fetched."""
    script = Script(monkeypatch)
    failed = _event("1", "CREATE_FAILED", "Validation failed with 1 error(s)", DetailedStatus="VALIDATION_FAILED")
    script.expect("cloudformation", "describe_stack_events", None, {"StackEvents": []})
    script.expect("cloudformation", "execute_change_set", None)
    script.expect("cloudformation", "describe_stacks", None, _described("ROLLBACK_COMPLETE"))
    for _ in range(2):
        script.expect("cloudformation", "describe_stack_events", None, {"StackEvents": [failed]})
    wrong = {
        "EventType": "VALIDATION_ERROR",
        "LogicalResourceId": "MediaBucket",
        "ValidationStatusReason": "already exists",
    }
    script.expect("cloudformation", "describe_events", None, {"OperationEvents": [wrong]})

    with pytest.raises(DeployFailed, match="MediaBucket: already exists"):
        _stack(script).execute(ChangeSet("c", True, ()), _QUIET)


def test_a_plan_that_is_not_made_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The empty stack of a first plan goes with its change set."""
    script = Script(monkeypatch)
    script.expect("cloudformation", "delete_change_set", {"StackName": "sluice-dev", "ChangeSetName": "c"})
    script.expect("cloudformation", "delete_stack", {"StackName": "sluice-dev"})

    _stack(script).discard(ChangeSet("c", True, ()))
    script.finished()
