"""Executions of the state machines that are started from outside: publish, rendition and render.

An execution's name is its identity: starting the same name twice is one execution, so a duplicated message starts
nothing new. (Step Functions keeps a name for 90 days after the execution has ended.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import msgspec
from botocore.exceptions import ClientError

from chalicelib.aws.clients import Clients, calling, error_code
from chalicelib.errors import WorkflowUnavailable

# A malformed ARN is InvalidArn; what remains of ValidationException is an execution that has ended by itself.
_NOTHING_TO_STOP = frozenset({"ExecutionDoesNotExist", "ValidationException"})

_NOBODY_WAITS = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})


class ExecutionStatus(StrEnum):
    """Step Functions' own words, and MISSING for an execution it does not know."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    ABORTED = "ABORTED"
    PENDING_REDRIVE = "PENDING_REDRIVE"
    MISSING = "MISSING"


ALIVE = frozenset({ExecutionStatus.RUNNING, ExecutionStatus.PENDING_REDRIVE})


@dataclass(frozen=True, slots=True)
class Execution:
    """`error` and `cause` are Step Functions' own, empty unless it failed."""

    arn: str
    status: ExecutionStatus
    error: str = ""
    cause: str = ""


class Workflows:
    def __init__(
        self,
        clients: Clients,
        publish_state_machine_arn: str,
        rendition_state_machine_arn: str,
        render_state_machine_arn: str,
    ) -> None:
        self._clients = clients
        self._publish_arn = publish_state_machine_arn
        self._rendition_arn = rendition_state_machine_arn
        self._render_arn = render_state_machine_arn

    def start_publish(self, name: str, state_input: Mapping[str, object]) -> str:
        """Start the execution `name`, or find the one of that name. Returns its ARN."""
        return self._start(self._publish_arn, name, state_input)

    def start_rendition(self, name: str, state_input: Mapping[str, object]) -> str:
        """As `start_publish`, of the machine that makes a static rendition."""
        return self._start(self._rendition_arn, name, state_input)

    def start_render(self, name: str, state_input: Mapping[str, object]) -> str:
        """Start the execution `name`, or find the one of that name. Returns its ARN."""
        return self._start(self._render_arn, name, state_input)

    def _start(self, machine_arn: str, name: str, state_input: Mapping[str, object]) -> str:
        document = msgspec.json.encode(state_input).decode()
        with calling("states:StartExecution", WorkflowUnavailable):
            try:
                started = self._clients.stepfunctions.start_execution(
                    stateMachineArn=machine_arn, name=name, input=document
                )
            except ClientError as error:
                if error_code(error) != "ExecutionAlreadyExists":
                    raise
                return execution_arn(machine_arn, name)
        return started["executionArn"]

    def publish_execution_arn(self, name: str) -> str:
        return execution_arn(self._publish_arn, name)

    def render_execution_arn(self, name: str) -> str:
        return execution_arn(self._render_arn, name)

    def describe(self, execution_arn: str) -> Execution:
        with calling("states:DescribeExecution", WorkflowUnavailable):
            try:
                found = self._clients.stepfunctions.describe_execution(executionArn=execution_arn)
            except ClientError as error:
                if error_code(error) != "ExecutionDoesNotExist":
                    raise
                return Execution(execution_arn, ExecutionStatus.MISSING)
        return Execution(
            execution_arn, ExecutionStatus(found["status"]), found.get("error", ""), found.get("cause", "")
        )

    def succeed_task(self, token: str, output: Mapping[str, object]) -> None:
        """End a task that waits for its token; nothing happens if nobody waits for it any more."""
        document = msgspec.json.encode(output).decode()
        with calling("states:SendTaskSuccess", WorkflowUnavailable):
            try:
                self._clients.stepfunctions.send_task_success(taskToken=token, output=document)
            except ClientError as error:
                if error_code(error) not in _NOBODY_WAITS:
                    raise

    def fail_task(self, token: str, error_name: str, message: str) -> None:
        """The same with an error, in the form in which Lambda gives the cause of one."""
        cause = msgspec.json.encode({"errorType": error_name, "errorMessage": message}).decode()
        with calling("states:SendTaskFailure", WorkflowUnavailable):
            try:
                self._clients.stepfunctions.send_task_failure(taskToken=token, error=error_name, cause=cause)
            except ClientError as error:
                if error_code(error) not in _NOBODY_WAITS:
                    raise

    def stop(self, execution_arn: str, *, error: str = "", cause: str = "") -> None:
        """End an execution; nothing happens if it has ended or is unknown."""
        with calling("states:StopExecution", WorkflowUnavailable):
            try:
                self._clients.stepfunctions.stop_execution(executionArn=execution_arn, error=error, cause=cause)
            except ClientError as failure:
                if error_code(failure) not in _NOTHING_TO_STOP:
                    raise


def execution_arn(machine_arn: str, name: str) -> str:
    return f"{machine_arn.replace(':stateMachine:', ':execution:', 1)}:{name}"
