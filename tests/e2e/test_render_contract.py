"""Compositions by plain AWS calls, with the sample events: the open contract, on the deployed local AWS."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from sluice.clients import LocalClients
from sluice.deploy import STACK
from sluice.paths import Local, Project
from tests.e2e.clips import run_ffmpeg
from tests.e2e.conftest import LocalAws
from tests.screening import archive

PAGE = b"""<!doctype html><meta charset="utf-8"><style>html, body { margin: 0; background: #123 }
i { position: absolute; width: 40px; height: 40px; background: #fa3; animation: go 0.8s linear both }
@keyframes go { to { transform: translateX(120px) } }</style>
<div data-composition-id="main" data-start="0" data-width="160" data-height="90" data-duration="0.8"><i></i></div>"""
"""24 frames of 30 fps, in two chunks of the samples' size."""


class Account:
    """The account that the local AWS is, for somebody who has nothing but the AWS SDK."""

    def __init__(self, local_aws: LocalAws) -> None:
        self.clients = LocalClients(Local.from_env(local_aws.environ))
        stack = self.clients.cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
        self.outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
        self.bucket = self.outputs["SourceBucketName"]

    def sample(self, name: str, folder: str, **changes: Any) -> dict[str, Any]:
        """A sample event, of this account's bucket and of a render of its own."""
        text = (Project.here().state_machines / "sample-events" / f"{name}.json").read_text()
        text = text.replace("example-bucket", self.bucket).replace("renders/sample/", f"renders/{folder}/")
        return {**json.loads(text), **changes}

    def put(self, data: bytes) -> None:
        self.clients.s3.put_object(Bucket=self.bucket, Key="projects/sample.tar.gz", Body=data)

    def get(self, uri: str) -> bytes:
        key = uri.removeprefix(f"s3://{self.bucket}/")
        return self.clients.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def run(self, given: dict[str, Any]) -> Any:
        """Start the render state machine, and wait for its end."""
        machine = self.outputs["RenderStateMachineArn"]
        started = self.clients.states.start_execution(stateMachineArn=machine, input=json.dumps(given))
        until = time.monotonic() + 120
        while time.monotonic() < until:
            found = self.clients.states.describe_execution(executionArn=started["executionArn"])
            if found["status"] != "RUNNING":
                return found
            time.sleep(0.2)
        raise AssertionError("the execution did not end")

    def invoke(self, event: dict[str, Any]) -> tuple[Any, str | None]:
        """Call the Render function: its payload, and its error's name."""
        name = self.outputs["RenderFunctionName"]
        answer = self.clients.functions.invoke(FunctionName=name, Payload=json.dumps(event))
        payload = json.loads(answer["Payload"].read())
        return payload, payload["errorType"] if answer.get("FunctionError") else None


@pytest.fixture(scope="module")
def account(local_aws: LocalAws) -> Account:
    made = Account(local_aws)
    made.put(archive({"index.html": PAGE}))
    return made


def _frames(data: bytes, path: Path) -> int:
    path.write_bytes(data)
    return len(re.findall(r"^0,", run_ffmpeg("-i", str(path), "-map", "0:v:0", "-f", "framecrc", "-"), re.MULTILINE))


def test_an_execution_of_the_sample_input_makes_a_video(account: Account, tmp_path: Path) -> None:
    """An archive under projects/ and one start_execution are all it takes."""
    found = account.run(account.sample("execution", "whole"))
    assert found["status"] == "SUCCEEDED", found
    made = json.loads(found["output"])
    assert made["OutputS3Uri"] == f"s3://{account.bucket}/renders/whole/output.mp4"
    data = account.get(made["OutputS3Uri"])
    assert made["FileSize"] == len(data)
    assert made["FramesEncoded"] == _frames(data, tmp_path / "output.mp4") == 24


def test_the_three_actions_make_a_video_by_hand(account: Account, tmp_path: Path) -> None:
    """Plan, every chunk and assemble, each as one invocation of its sample."""
    planned, error = account.invoke({"Payload": {"Input": account.sample("plan", "steps")}})
    assert error is None, planned
    assert planned["ChunkCount"] == 2
    assert planned["TotalFrames"] == 24
    same = {"PlanS3Uri": planned["PlanS3Uri"], "PlanHash": planned["PlanHash"]}
    uris = []
    for index in range(planned["ChunkCount"]):
        chunk, error = account.invoke(account.sample("render-chunk", "steps", **same, ChunkIndex=index))
        assert error is None, chunk
        assert chunk["FramesEncoded"] == 12
        uris.append(chunk["ChunkS3Uri"])
    event = account.sample("assemble", "steps", **same)
    assert event["ChunkS3Uris"] == uris
    made, error = account.invoke(event)
    assert error is None, made
    assert _frames(account.get(made["OutputS3Uri"]), tmp_path / "output.mp4") == 24


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"Config": {"fps": 30, "fsp": 3}}, "InvalidConfig"),
        ({"Config": {"hdrMode": "force-hdr"}}, "FORMAT_NOT_SUPPORTED_IN_DISTRIBUTED"),
        ({"OutputS3Uri": "s3://somebody-elses-bucket/renders/x.mp4"}, "S3_URI_NOT_ALLOWED"),
        ({"PlanProtocol": "v9"}, "PLAN_PROTOCOL_UNSUPPORTED"),
        ({"ProjectS3Uri": None}, "ActionUnknown"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_input_fails_at_once_under_its_own_name(account: Account, changes: Any, error: str) -> None:
    """The execution's error is the contract's code, and nothing was tried twice."""
    found = account.run(account.sample("execution", "refused", **changes))
    assert (found["status"], found["error"]) == ("FAILED", error)
    history = account.clients.states.get_execution_history(executionArn=found["executionArn"])
    assert sum(event["type"] == "TaskFailed" for event in history["events"]) == 1


def test_a_stale_plan_is_refused_by_every_step(account: Account) -> None:
    """The samples' own hash is that of no plan."""
    for name in ("render-chunk", "assemble"):
        _, error = account.invoke(account.sample(name, "stale"))
        assert error == "PLAN_HASH_MISMATCH"
    _, error = account.invoke({"Action": "dance"})
    assert error == "ActionUnknown"
