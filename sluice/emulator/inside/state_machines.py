"""State machines as Step Functions runs them, in three points that ministack leaves out.

`MaxConcurrencyPath` of a Map is obeyed. And a task that waits for another execution (startExecution.sync) fails as
States.TaskFailed with that execution's description as its cause, not under the inner error's own name: what reads
failures has to cope with the real thing. And a task that waits for a token fails at once when the function that was to
hand the token on fails, under that function's error.
"""

from __future__ import annotations

import json
import threading
from typing import Any

from ministack.services import stepfunctions


def _failure_of_nested(execution: dict[str, Any]) -> tuple[str, str]:
    """Error and cause of the outer task (Step Functions guide, "Start workflow executions from a task state")."""
    described = {
        "ExecutionArn": execution.get("executionArn"),
        "StateMachineArn": execution.get("stateMachineArn"),
        "Name": execution.get("name"),
        "Status": execution.get("status"),
        "Input": execution.get("input"),
        "Error": execution.get("error"),
        "Cause": execution.get("cause"),
    }
    return "States.TaskFailed", json.dumps({name: value for name, value in described.items() if value is not None})


def _fail_waiting_tasks() -> None:
    """ministack drops the error of a function that is invoked with a task token, and waits for a token in vain."""
    waiting = threading.local()
    call_lambda, invoke_with_callback = stepfunctions._call_lambda, stepfunctions._invoke_with_callback

    def invoke_noting_token(resource: str, input_data: Any, token: str, state: dict[str, Any]) -> Any:
        waiting.token = token
        try:
            return invoke_with_callback(resource, input_data, token, state)
        finally:
            waiting.token = None

    def call_noting_failure(function: str, event: Any) -> Any:
        try:
            return call_lambda(function, event)
        except stepfunctions._ExecutionError as error:
            held = stepfunctions._task_tokens.get(getattr(waiting, "token", None))
            if held is not None:
                held["error"] = {"Error": error.error, "Cause": error.cause}
                held["event"].set()
            raise

    stepfunctions._call_lambda = call_noting_failure
    stepfunctions._invoke_with_callback = invoke_noting_token


def install() -> None:
    """Complete ministack's interpreter."""
    _fail_waiting_tasks()
    run_map = stepfunctions._run_map_items

    def run_map_within_limit(state: dict[str, Any], state_input: Any, execution: Any, context: dict[str, Any]) -> Any:
        path = state.get("MaxConcurrencyPath")
        if path is not None:
            limit = stepfunctions._resolve_path_or_ctx(path, state_input, context)
            state = {**state, "MaxConcurrency": int(limit)}
        return run_map(state, state_input, execution, context)

    stepfunctions._run_map_items = run_map_within_limit
    stepfunctions._nested_execution_failure = _failure_of_nested
