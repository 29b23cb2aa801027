"""Whether each action of each function's policy is needed: by what the functions were allowed while the tests ran.

The local AWS notes every request of a function with all the statements that allow it
(`sluice/emulator/inside/permissions.py`). A request with one such statement is refused without it: that is the proof.
What Lambda itself does in a function's name is not asked for locally, so those statements cannot be proved here.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

# Logs, traces, and the polling of queues: the service's doing, not the code's.
BY_LAMBDA = frozenset(
    {
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ChangeMessageVisibility",
    }
)

ONE_STACK = "sluice-local"


class Proof(StrEnum):
    NEEDED = "needed"
    """Something was refused without it."""
    SHARED = "shared"
    """It was used, but another statement allows the same."""
    UNSEEN = "unseen"
    """Nothing asked for it."""
    BY_LAMBDA = "by lambda"


@dataclass(frozen=True, slots=True)
class Permission:
    """One action of one statement of a function's policy."""

    function: str
    sid: str
    action: str


@dataclass(frozen=True, slots=True)
class Decision:
    """One kind of request, and the statements that allow it."""

    role: str
    action: str
    resource: str
    sids: tuple[str, ...]


def read_decisions(path: Path) -> list[Decision]:
    found = (json.loads(line) for line in path.read_text().splitlines())
    return [Decision(each["role"], each["action"], each["resource"], tuple(each["sids"])) for each in found]


def permissions(policies: Mapping[str, Mapping[str, Any]]) -> list[Permission]:
    """Of policy documents by the function's name."""
    return [
        Permission(function, statement["Sid"], action)
        for function, document in policies.items()
        for statement in document["Statement"]
        for action in statement["Action"]
    ]


def of_function(function: str, role: str) -> bool:
    """Whether a role is that of a function, such as `render` and `<stack>-RenderRole-1A2B`."""
    wanted = function.replace("_", "").lower()
    return any(word.lower() == f"{wanted}role" for word in role.split("-"))


def prove(permission: Permission, decisions: Iterable[Decision]) -> Proof:
    """What the decisions say of one permission."""
    if permission.action in BY_LAMBDA:
        return Proof.BY_LAMBDA
    used = [
        each
        for each in decisions
        if each.action == permission.action
        and permission.sid in each.sids
        and of_function(permission.function, each.role)
    ]
    if any(each.sids == (permission.sid,) for each in used):
        return Proof.NEEDED
    return Proof.SHARED if used else Proof.UNSEEN


def in_one_stack(decision: Decision) -> str:
    """The resource, as if all stacks had one name: the tests deploy several."""
    return decision.resource.replace(decision.role.rsplit("-", 2)[0], ONE_STACK)


def refused(decisions: Iterable[Decision], functions: Collection[str]) -> list[Decision]:
    """What a function asked for and was never allowed: the policies were not enough.

    What was allowed at another time was refused while a test, or the end of a stack, had taken the statement away.
    """
    found = [(name, each) for each in decisions for name in functions if of_function(name, each.role)]
    allowed = {(name, each.action, in_one_stack(each)) for name, each in found if each.sids}
    return [each for name, each in found if not each.sids and (name, each.action, in_one_stack(each)) not in allowed]
