"""A function that is busy, as Lambda and Step Functions treat it.

ministack answers a caller of the API rightly. But a state machine's task fails as Lambda.Unknown, so no Retry finds
it. An event is given up after its two retries, which Lambda counts for errors of the function only; one that a rule of
EventBridge brings has not even those. And MaxDelaySeconds and JitterStrategy of a Retry are not obeyed, so that
what was refused together comes back together.
"""

from __future__ import annotations

import contextvars
import json
import random
import time
from typing import Any

from ministack.services import eventbridge, lambda_svc, stepfunctions

_TOO_MANY = "TooManyRequestsException"
# Lambda guide, "Understanding retry behavior": from a second to minutes between tries, for six hours unless told.
_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 30.0
_EVENT_AGE_S = 21_600

_is_event = contextvars.ContextVar("_is_event", default=False)


def throttled(error: Any) -> bool:
    """Whether a task failed because its function was busy."""
    if error.error != "Lambda.Unknown":
        return False
    try:
        cause = json.loads(error.cause)
    except ValueError:
        return False
    return isinstance(cause, dict) and cause.get("__type") == _TOO_MANY


def _name_throttled_tasks() -> None:
    call_lambda = stepfunctions._call_lambda

    def call_naming(function: str, event: Any) -> Any:
        try:
            return call_lambda(function, event)
        except stepfunctions._ExecutionError as error:
            if throttled(error):
                raise stepfunctions._ExecutionError(f"Lambda.{_TOO_MANY}", error.cause) from error
            raise

    stepfunctions._call_lambda = call_naming


def delay_s(retrier: dict[str, Any], retries: int) -> float:
    """How long a Retry waits after so many retries (Amazon States Language, "Retrying after an error")."""
    delay: float = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** retries
    delay = min(delay, retrier.get("MaxDelaySeconds", delay))
    return random.uniform(0, delay) if retrier.get("JitterStrategy") == "FULL" else delay  # noqa: S311


def _obey_delays() -> None:
    find = stepfunctions._find_matching_retrier

    def find_with_delay(retriers: Any, error: str, counts: dict[int, int]) -> tuple[Any, int]:
        retrier, index = find(retriers, error, counts)
        if retrier is None:
            return retrier, index
        # What ministack multiplies comes out as this delay.
        return {**retrier, "IntervalSeconds": delay_s(retrier, counts.get(index, 0)), "BackoffRate": 1.0}, index

    stepfunctions._find_matching_retrier = find_with_delay


def _wait_with_events() -> None:
    invoke_async, execute = lambda_svc.invoke_async_with_retry, lambda_svc._execute_function

    def invoke_patiently(function: dict[str, Any], event: Any) -> None:
        token = _is_event.set(True)
        try:
            invoke_async(function, event)  # its thread has a copy of this context
        finally:
            _is_event.reset(token)

    def execute_patiently(function: dict[str, Any], event: Any) -> Any:
        result = execute(function, event)
        if not _is_event.get():
            return result
        rules = function.get("event_invoke_config") or (function.get("event_invoke_configs") or {}).get("$LATEST") or {}
        until = time.monotonic() + int(rules.get("MaximumEventAgeInSeconds") or _EVENT_AGE_S)
        wait_s = _FIRST_WAIT_S
        while result.get("throttle") and time.monotonic() + wait_s < until:
            time.sleep(random.uniform(wait_s / 2, wait_s))  # noqa: S311
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
            result = execute(_as_limited_now(function), event)
        return result

    lambda_svc.invoke_async_with_retry = invoke_patiently
    lambda_svc._execute_function = execute_patiently


def _as_limited_now(function: dict[str, Any]) -> dict[str, Any]:
    """ministack copies a function's record when the event comes, and its limit may change while that waits."""
    current, _, _ = lambda_svc._get_func_record_for_ref(function["config"]["FunctionArn"])
    return {**function, "concurrency": (current or function).get("concurrency")}


def _hand_over_events() -> None:
    def dispatch(arn: str, payload: str) -> None:
        function, config, _ = lambda_svc._get_func_record_for_ref(arn)
        if function and config:
            record = lambda_svc._execution_record_for_config(function, config)
            lambda_svc.invoke_async_with_retry(record, json.loads(payload))

    eventbridge._dispatch_to_lambda = dispatch


def install() -> None:
    """Before what else is put around these functions."""
    _name_throttled_tasks()
    _obey_delays()
    _wait_with_events()
    _hand_over_events()
