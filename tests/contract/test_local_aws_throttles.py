"""What a busy function refuses is tried again as on AWS: by state machines, and by Lambda itself for events."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sluice.functionlogs import read
from tests.local_aws import ToyAws

_PATIENCE_S = 20.0


@contextmanager
def _busy(toy: ToyAws) -> Iterator[None]:
    """For the block the function has no room for anybody."""
    functions, name = toy.clients.functions, toy.outputs["RenderFunctionName"]
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        yield
    finally:
        functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=4)


def test_a_state_machine_waits_for_a_busy_function(toy: ToyAws) -> None:
    """A Retry finds the refusal by Lambda's name for it, and waits no longer than its MaxDelaySeconds."""
    states = toy.clients.states
    described = states.describe_state_machine(stateMachineArn=toy.outputs["MachineArn"])
    retry = {
        "ErrorEquals": ["Lambda.TooManyRequestsException"],
        "IntervalSeconds": 1,
        "BackoffRate": 50,
        "MaxDelaySeconds": 1,
        "MaxAttempts": 60,
        "JitterStrategy": "FULL",
    }
    task: dict[str, Any] = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": toy.outputs["RenderFunctionName"], "Payload": {"Action": "hello"}},
        "OutputPath": "$.Payload",
        "Retry": [retry],
        "End": True,
    }
    machine = states.create_state_machine(
        name="waits-for-room",
        definition=json.dumps({"StartAt": "Ask", "States": {"Ask": task}}),
        roleArn=described["roleArn"],
    )["stateMachineArn"]
    with _busy(toy):
        arn = states.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
        time.sleep(1.5)
        assert states.describe_execution(executionArn=arn)["status"] == "RUNNING"
    until = time.monotonic() + _PATIENCE_S
    while (found := states.describe_execution(executionArn=arn))["status"] == "RUNNING" and time.monotonic() < until:
        time.sleep(0.05)
    assert (found["status"], found.get("output")) == ("SUCCEEDED", '"hello"')


def test_an_event_waits_for_a_busy_function(toy: ToyAws) -> None:
    """More refusals than the one retry that the function has for its own errors do not cost the event."""
    with _busy(toy):
        toy.clients.functions.invoke(
            FunctionName=toy.outputs["RenderFunctionName"],
            InvocationType="Event",
            Payload=json.dumps({"Action": "print", "lines": 3}),
        )
        time.sleep(3.5)
    until = time.monotonic() + _PATIENCE_S
    while not (printed := _printed(toy)) and time.monotonic() < until:
        time.sleep(0.1)
    assert printed == ["line 0", "line 1", "line 2"]


def _printed(toy: ToyAws) -> list[str]:
    lines = read(toy.clients.logs, "/aws/lambda/", since_ms=0, wanted=None)
    return [match[0] for line in lines if (match := re.search(r"^line \d+$", line.message))]
