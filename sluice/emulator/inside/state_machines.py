"""State machines as Step Functions runs them, in two points that ministack leaves out.

`MaxConcurrencyPath` of a Map is obeyed. And a task that waits for another execution (startExecution.sync) fails as
States.TaskFailed with that execution's description as its cause, not under the inner error's own name: what reads
failures has to cope with the real thing.
"""

from __future__ import annotations

import json
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


def install() -> None:
    """Complete ministack's interpreter."""
    run_map = stepfunctions._run_map_items

    def run_map_within_limit(state: dict[str, Any], state_input: Any, execution: Any, context: dict[str, Any]) -> Any:
        path = state.get("MaxConcurrencyPath")
        if path is not None:
            limit = stepfunctions._resolve_path_or_ctx(path, state_input, context)
            state = {**state, "MaxConcurrency": int(limit)}
        return run_map(state, state_input, execution, context)

    stepfunctions._run_map_items = run_map_within_limit
    stepfunctions._nested_execution_failure = _failure_of_nested
