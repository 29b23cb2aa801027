"""One render by plain AWS calls: upload, start the state machine, wait, fetch; and everything deleted afterwards."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sluice.failure import OperatorError
from smoke.target import Target

_POLL_S = 0.25
_PATIENCE_S = 1800.0
_RUNNING = "RUNNING"


class RenderFailed(OperatorError):
    """An execution did not succeed."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """What one execution did.

    Attributes:
        chunk_count: As its plan says.
        wall_ms: From its start to its end, by Step Functions' own clock.
        history: Every event of it.
    """

    chunk_count: int
    wall_ms: int
    history: list[dict[str, Any]]


class Run:
    """One smoke test's objects and executions, all named after it, and gone when it is cleaned."""

    def __init__(self, target: Target, name: str) -> None:
        self._target, self._name = target, name
        self._project_key = f"projects/{name}.tar.gz"
        self._prefix = f"renders/{name}/"
        self._started: list[str] = []

    def upload(self, archive: Path) -> None:
        self._target.s3.upload_file(str(archive), self._target.bucket, self._project_key)

    def render(self, label: str, config: Mapping[str, Any], video: Path) -> Rendered:
        """Render the uploaded project, and fetch the output as `video`.

        Raises:
            RenderFailed: Names the error of the execution.
        """
        prefix = f"{self._prefix}{label}/"
        output_key = f"{prefix}output{video.suffix}"
        arn = self._start(
            label,
            {
                "ProjectS3Uri": self._uri(self._project_key),
                "PlanOutputS3Prefix": self._uri(prefix),
                "OutputS3Uri": self._uri(output_key),
                "Config": dict(config),
            },
        )
        wall_ms = self._await(arn, label)
        history = self._history(arn)
        self._target.s3.download_file(self._target.bucket, output_key, str(video))
        return Rendered(_chunk_count(history), wall_ms, history)

    def clean(self) -> None:
        """Stop what still runs, and delete what was uploaded and made. What is left is the executions' history."""
        for arn in self._started:
            if self._target.states.describe_execution(executionArn=arn)["status"] == _RUNNING:
                self._target.states.stop_execution(executionArn=arn, cause="the smoke test ended")
        self._delete(self._project_key)
        self._delete(self._prefix)

    def _start(self, label: str, given: Mapping[str, Any]) -> str:
        started = self._target.states.start_execution(
            stateMachineArn=self._target.machine_arn, name=f"{self._name}-{label}", input=json.dumps(given)
        )
        self._started.append(started["executionArn"])
        return started["executionArn"]

    def _await(self, arn: str, label: str) -> int:
        give_up = time.monotonic() + _PATIENCE_S
        while time.monotonic() < give_up:
            found = self._target.states.describe_execution(executionArn=arn)
            if found["status"] == "SUCCEEDED":
                return round((found["stopDate"] - found["startDate"]).total_seconds() * 1000)
            if found["status"] != _RUNNING:
                said = f"{found.get('error', found['status'])}: {found.get('cause', '')[:300]}"
                raise RenderFailed(f"the execution {label} failed with {said}")
            time.sleep(_POLL_S)
        raise RenderFailed(f"the execution {label} did not end within {_PATIENCE_S:.0f} s")

    def _history(self, arn: str) -> list[dict[str, Any]]:
        pages = self._target.states.get_paginator("get_execution_history").paginate(executionArn=arn)
        return [dict(event) for page in pages for event in page["events"]]

    def _delete(self, prefix: str) -> None:
        pages = self._target.s3.get_paginator("list_objects_v2").paginate(Bucket=self._target.bucket, Prefix=prefix)
        for key in [found["Key"] for page in pages for found in page.get("Contents", [])]:
            self._target.s3.delete_object(Bucket=self._target.bucket, Key=key)

    def _uri(self, key: str) -> str:
        return f"s3://{self._target.bucket}/{key}"


def _chunk_count(history: list[dict[str, Any]]) -> int:
    """How many chunks the state Plan answered with."""
    left = (event.get("stateExitedEventDetails", {}) for event in history)
    plan = next((details for details in left if details.get("name") == "Plan"), None)
    if plan is None:
        raise RenderFailed("the execution's history has no end of the state Plan")
    return int(json.loads(plan["output"])["Plan"]["ChunkCount"])
