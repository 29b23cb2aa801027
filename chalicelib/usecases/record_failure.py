"""From a failed state to an errored asset or a failed render: the error's own name, found again, and a
sentence for a person.

Step Functions knows an error by its name and a cause, which is text. Names are resolved, never messages:

- a name of our table, or a foreign contract's name for one, is that error;
- a nested execution fails as States.TaskFailed, and its cause is its description in JSON, with the true name inside;
- what Lambda or Step Functions themselves ended (Sandbox.Timedout, States.Timeout, Runtime.ExitError ...) left no
  result: ExecutionLost;
- anything else is an InternalFault.

The first failure of an attempt stays. WorkSuperseded is no failure of the asset.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, TypeVar

import msgspec

from chalicelib.catalog.asset import AssetChange, AssetError, AssetStatus
from chalicelib.errors import ExecutionLost, InternalError, InternalFault, SluiceError, WorkSuperseded, all_errors
from chalicelib.usecases.render_progress import note_failed

if TYPE_CHECKING:
    from chalicelib.aws.table import Table

T = TypeVar("T")

logger = logging.getLogger(__name__)

_NESTED = "States.TaskFailed"
_MAX_DEPTH = 4
_MESSAGE_CHARACTERS = 500
_PLATFORM_PREFIXES = ("States.", "Sandbox.", "Runtime.", "Lambda.", "StepFunctions.")


@dataclass(frozen=True, slots=True)
class Failed:
    """An error of our table, and what to tell a person."""

    kind: type[SluiceError]
    message: str


class _LambdaCause(msgspec.Struct, rename="camel", frozen=True):
    error_message: str


class _NestedCause(msgspec.Struct, rename="pascal", frozen=True):
    error: str
    cause: str = ""


def resolve(name: str, cause: str) -> Failed:
    """The error behind what a Catch saw."""
    for _ in range(_MAX_DEPTH):
        kind = _table().get(name)
        if kind is not None:
            return Failed(kind, _message(kind, cause))
        nested = _decoded(cause, _NestedCause) if name == _NESTED else None
        if nested is None:
            break
        name, cause = nested.error, nested.cause
    kind = ExecutionLost if name.startswith(_PLATFORM_PREFIXES) else InternalFault
    return Failed(kind, _message(kind, ""))


@dataclass(frozen=True, slots=True)
class FailedWork:
    """Whose failure it is, as the execution's input says: an asset's, a render's, or nobody's who keeps a record.

    `attempt` is None when the execution was started by other means than ours, and then any attempt counts.
    """

    asset_id: str | None = None
    render_id: str | None = None
    attempt: int | None = None


def record_failure(work: FailedWork, name: str, cause: str, table: Table, *, now_ms: int) -> dict[str, object]:
    """Put a failure on the asset or render, if this attempt still goes on and has none yet.

    Returns:
        The true name, as the state machines know it, and the message: `Error` and `Cause` for the Fail state.
    """
    failed = resolve(name, cause)
    logger.warning("failed", extra={"state_error": name, "code": failed.kind.code(), "detail": failed.message})
    if work.asset_id is not None and failed.kind is not WorkSuperseded:
        put_failure(work.asset_id, work.attempt, failed, table, now_ms=now_ms)
    note_failed(work.render_id, work.attempt, failed, table, now_ms=now_ms)
    return {"Error": failed.kind.wire_code or failed.kind.__name__, "Cause": failed.message}


def put_failure(asset_id: str, attempt: int | None, failed: Failed, table: Table, *, now_ms: int) -> bool:
    """Whether the asset is errored by this call."""
    errored = AssetChange(status=AssetStatus.ERRORED, errors=(AssetError(failed.kind.code(), failed.message),))
    still = AssetChange(attempt=attempt) if attempt is not None else AssetChange()
    expect = frozenset({AssetStatus.PREPARING})
    return table.update_asset(asset_id, errored, expect=expect, now_ms=now_ms, unchanged=still) is not None


def _message(kind: type[SluiceError], cause: str) -> str:
    """What the function said, for errors that concern the customer; our own faults stay in the log."""
    said = _decoded(cause, _LambdaCause)
    if issubclass(kind, InternalError) or said is None:
        # The Fail state of a nested machine passes on the message itself.
        plain = "" if issubclass(kind, InternalError) or cause.startswith("{") else cause
        return plain[:_MESSAGE_CHARACTERS] or (kind.__doc__ or kind.__name__).partition("\n")[0]
    return said.error_message[:_MESSAGE_CHARACTERS]


def _decoded(cause: str, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(cause, type=kind)
    except msgspec.DecodeError:
        return None


@cache
def _table() -> dict[str, type[SluiceError]]:
    names: dict[str, type[SluiceError]] = {}
    for kind in all_errors():
        names[kind.__name__] = kind
        if kind.wire_code is not None:
            names[kind.wire_code] = kind
    return names
