"""What a change set would do, as lines that a person reads before saying yes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import ResourceChangeTypeDef

_SIGNS = {"Add": "+", "Remove": "-", "Modify": "~", "Import": "="}
_ORDER = "!-?=~+"
_LOSES = {
    "!": "be replaced by an empty one",
    "?": "perhaps be replaced by an empty one",
    "-": "no longer be in the stack",
}


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One line of a plan.

    Attributes:
        rank: The gravest first.
        sign: + made, ~ changed in place, ! replaced by a new one, ? perhaps replaced, - removed,
            = taken over as it is.
        properties: What changes in it, sorted; none when it is made or removed.
    """

    rank: int
    logical_id: str
    sign: str
    type: str
    properties: tuple[str, ...]

    def __str__(self) -> str:
        return f"  {self.sign} {self.logical_id:<44} {self.type:<38} {', '.join(self.properties)}".rstrip()


def change_of(found: ResourceChangeTypeDef) -> Change:
    """One line out of CloudFormation's own description."""
    action = found.get("Action", "Modify")
    replaced = {"True": "!", "Conditional": "?"} if action == "Modify" else {}
    sign = replaced.get(found.get("Replacement", ""), _SIGNS.get(action, "?"))
    names = {
        target.get("Name") or str(target.get("Attribute", ""))
        for detail in found.get("Details", [])
        if (target := detail.get("Target", {}))
    }
    return Change(
        rank=_ORDER.find(sign),
        logical_id=found.get("LogicalResourceId", ""),
        sign=sign,
        type=found.get("ResourceType", ""),
        properties=tuple(sorted(names)),
    )


def summary(changes: Sequence[Change]) -> str:
    """How many of each kind, in one line."""
    words = {"+": "made", "~": "changed", "?": "perhaps replaced", "!": "REPLACED", "-": "removed", "=": "taken over"}
    counts = [
        f"{count} {word}" for sign, word in words.items() if (count := sum(change.sign == sign for change in changes))
    ]
    return ", ".join(counts) or "nothing changes"


def endangered(changes: Sequence[Change], data: Collection[str]) -> tuple[str, ...]:
    """Which resources that hold data the stack would lose sight of, each with how.

    Args:
        data: Logical ids of the resources that hold data.
    """
    return tuple(
        f"{change.logical_id} would {_LOSES[change.sign]}"
        for change in changes
        if change.logical_id in data and change.sign in _LOSES
    )
