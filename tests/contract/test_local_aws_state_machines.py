"""The local AWS runs our state machines as Step Functions would, where its interpreter does not by itself."""

from __future__ import annotations

import json
import time
from typing import Any, cast

from chalicelib.aws.clients import Clients
from chalicelib.errors import NotAVideo
from chalicelib.usecases.record_failure import resolve


def _create(clients: Clients, name: str, definition: dict[str, Any]) -> str:
    iam = cast(Any, clients._session.create_client("iam"))
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = iam.create_role(RoleName=f"runs-{name}", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    created = clients.stepfunctions.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role)
    return created["stateMachineArn"]


def _run(clients: Clients, machine: str, state_input: object) -> Any:
    started = clients.stepfunctions.start_execution(stateMachineArn=machine, input=json.dumps(state_input))
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = clients.stepfunctions.describe_execution(executionArn=started["executionArn"])
        if found["status"] != "RUNNING":
            return found
        time.sleep(0.05)
    raise AssertionError("the execution did not end")


def test_a_map_keeps_to_its_path_of_concurrency(emulator: Clients) -> None:
    """Four items of a second each, two at once, take two seconds."""
    items = {
        "ItemsPath": "$.items",
        "MaxConcurrencyPath": "$.limit",
        "ItemProcessor": {"StartAt": "Rest", "States": {"Rest": {"Type": "Wait", "Seconds": 1, "End": True}}},
    }
    machine = _create(emulator, "maps", {"StartAt": "All", "States": {"All": {"Type": "Map", **items, "End": True}}})
    started = time.monotonic()
    assert _run(emulator, machine, {"items": [1, 2, 3, 4], "limit": 2})["status"] == "SUCCEEDED"
    assert time.monotonic() - started >= 2


def test_a_nested_failure_is_hidden_in_the_cause(emulator: Clients) -> None:
    """The outer task fails as States.TaskFailed; our resolution finds the inner name."""
    fail = {"Type": "Fail", "Error": "NotAVideo", "Cause": "neither pictures nor sound"}
    inner = _create(emulator, "inner", {"StartAt": "No", "States": {"No": fail}})
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {"StateMachineArn": inner, "Input": {}},
        "End": True,
    }
    found = _run(emulator, _create(emulator, "outer", {"StartAt": "Run", "States": {"Run": task}}), {})
    assert (found["status"], found["error"]) == ("FAILED", "States.TaskFailed")
    failed = resolve(found["error"], found["cause"])
    assert (failed.kind, failed.message) == (NotAVideo, "neither pictures nor sound")


def test_a_task_whose_function_fails_does_not_wait_for_its_token(emulator: Clients) -> None:
    """The function that was to hand the token on has failed, so nobody ever will: its error is the task's, at once."""
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": "nobody", "Payload": {"TaskToken.$": "$$.Task.Token"}},
        "TimeoutSeconds": 3600,
        "End": True,
    }
    found = _run(emulator, _create(emulator, "waits-in-vain", {"StartAt": "Wait", "States": {"Wait": task}}), {})
    assert (found["status"], found["error"]) == ("FAILED", "Lambda.ResourceNotFoundException")
