"""A function on the local AWS sees what it would see on Lambda, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from sluice.clients import REGION
from sluice.functionlogs import read
from tests.local_aws import ToyAws


def _alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def _printed(toy: ToyAws, pattern: str) -> list[str]:
    lines = read(toy.clients.logs, "/aws/lambda/", since_ms=0, wanted=None)
    return [match[0] for line in lines if (match := re.search(pattern, line.message))]


def test_errors_keep_their_class_name(toy: ToyAws) -> None:
    """What a function raises is reported under the name of its class."""
    payload, kind = toy.invoke(Action="raise")

    assert (payload["errorType"], payload["errorMessage"]) == ("TransientThing", "not today")
    assert kind == "Unhandled"


def test_a_state_machine_catches_by_class_name(toy: ToyAws) -> None:
    """A Catch that names the class gets the error."""
    states = toy.clients.states
    arn = states.start_execution(stateMachineArn=toy.outputs["MachineArn"], input="{}")["executionArn"]
    deadline = time.monotonic() + 20
    while (found := states.describe_execution(executionArn=arn))["status"] == "RUNNING" and time.monotonic() < deadline:
        time.sleep(0.1)

    assert (found["status"], json.loads(found["output"])) == ("SUCCEEDED", "caught by its class name")


def test_the_layer_is_found_with_its_modes(toy: ToyAws) -> None:
    """The layer's ffmpeg is on PATH and may be executed; its library loads by name."""
    payload, kind = toy.invoke(Action="encode", seconds=0.2)

    assert kind is None
    assert payload["code"] == 0
    assert payload["ffmpeg"].endswith("/bin/ffmpeg")
    assert os.access(payload["ffmpeg"], os.X_OK)


def test_the_environment_is_that_of_lambda(toy: ToyAws) -> None:
    """A function sees its settings, its role and its code; nothing of this machine's environment or packages."""
    payload, _ = toy.invoke(Action="environ")
    environ = payload["environ"]

    assert environ["SLUICE_PUBLIC_BASE_URL"] == toy.local.origin_url
    assert environ["AWS_DEFAULT_REGION"] == environ["AWS_REGION"] == REGION
    assert environ["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert not {"HOME", "VIRTUAL_ENV", "STATE_DIR", "GATEWAY_PORT", "PYTHONPATH"} & set(environ)
    assert not [entry for entry in payload["path"] if "/.venv/" in entry]
    assert Path(payload["tmp"]).is_relative_to(toy.local.home.tmp)


def test_the_role_is_enforced(toy: ToyAws) -> None:
    """A function may do what its policy allows, and nothing else."""
    environ = toy.invoke(Action="environ")[0]["environ"]
    s3 = boto3.Session(
        aws_access_key_id=environ["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environ["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=environ["AWS_SESSION_TOKEN"],
        region_name=REGION,
    ).client("s3", endpoint_url=toy.local.gateway_url)
    bucket = toy.outputs["MediaBucketName"]
    toy.clients.s3.put_object(Bucket=bucket, Key="media/a", Body=b"a")

    assert s3.get_object(Bucket=bucket, Key="media/a")["Body"].read() == b"a"
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket=bucket, Key="media/b", Body=b"b")


def test_every_line_is_logged(toy: ToyAws) -> None:
    """All that an invocation prints is in its log, however quickly it ends."""
    toy.invoke(Action="print", lines=2000)

    assert len(_printed(toy, r"^line \d+$")) == 2000


def test_a_timeout_ends_what_the_function_started(toy: ToyAws) -> None:
    """A function that runs out of time takes its ffmpeg with it, even one in a session of its own."""
    payload, _ = toy.invoke(Action="encode", seconds=60)

    assert payload["errorType"] == "Sandbox.Timedout"
    pids = [int(line.rsplit(" ", 1)[1]) for line in _printed(toy, r"ffmpeg is \d+")]
    assert pids
    assert not [pid for pid in pids if _alive(pid)]


def test_memory_counts_for_the_whole_tree(toy: ToyAws) -> None:
    """Above MemorySize the largest process is killed, so a greedy child dies and its function lives to say so."""
    assert toy.invoke(Action="hold", megabytes=100, seconds=0.5) == (0, None)
    assert toy.invoke(Action="hold", megabytes=400, seconds=2) == (-9, None)


def test_a_greedy_function_is_ended(toy: ToyAws) -> None:
    """A function that itself holds too much exits, as it does on Lambda; the next call gets a new one."""
    payload, _ = toy.invoke(Action="hold-myself", megabytes=600)

    assert payload["errorType"] == "Runtime.ExitError"
    assert toy.invoke(Action="echo") == ("echo", None)


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
    until = time.monotonic() + 20
    while (found := states.describe_execution(executionArn=arn))["status"] == "RUNNING" and time.monotonic() < until:
        time.sleep(0.05)
    assert (found["status"], found.get("output")) == ("SUCCEEDED", '"hello"')


def test_an_event_waits_for_a_busy_function(toy: ToyAws) -> None:
    """More refusals than the one retry that the function has for its own errors do not cost the event."""
    lines = r"^line \d+$"
    before = len(_printed(toy, lines))
    with _busy(toy):
        toy.clients.functions.invoke(
            FunctionName=toy.outputs["RenderFunctionName"],
            InvocationType="Event",
            Payload=json.dumps({"Action": "print", "lines": 3}),
        )
        time.sleep(3.5)
    until = time.monotonic() + 20
    while len(_printed(toy, lines)) == before and time.monotonic() < until:
        time.sleep(0.1)
    assert len(_printed(toy, lines)) == before + 3
