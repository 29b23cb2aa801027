"""What a check found, and how checks are run: each to its end, whatever became of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum

from sluice.account.session import explained
from sluice.failure import OperatorError


class Status(StrEnum):
    """WARNING works now and may not later; FAILED does not work; SKIPPED could not be looked at."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """`remedy` is what to do; empty where there is nothing to do."""

    check: str
    status: Status
    said: str
    remedy: str = ""

    def as_json(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Check:
    """`look` gives what was found as (status, what is said, remedy)."""

    name: str
    look: Callable[[], tuple[Status, str, str]]


def ok(said: str) -> tuple[Status, str, str]:
    return Status.OK, said, ""


def warning(said: str, remedy: str) -> tuple[Status, str, str]:
    return Status.WARNING, said, remedy


def failed(said: str, remedy: str) -> tuple[Status, str, str]:
    return Status.FAILED, said, remedy


def examined(checks: Iterable[Check]) -> Iterator[Finding]:
    """The findings, one after the other. A check that is refused an answer has failed with the refusal."""
    for check in checks:
        try:
            with explained():
                status, said, remedy = check.look()
        except OperatorError as error:
            # The sentence says what to do after a semicolon or a colon.
            status, said, remedy = Status.FAILED, error.message, ""
        yield Finding(check.name, status, said, remedy)
