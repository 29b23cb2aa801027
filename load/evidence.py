"""The calls that prove the policies: of all that the local AWS noted, one for each way in which it was allowed.

They are kept in `tests/fixtures/policy_calls.jsonl`, which `make permissions` writes anew. A test puts them to the
policies of today: each call is still allowed, and without any one action of any one statement some call is not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from load.policies import BY_LAMBDA, Decision, in_one_stack, of_function
from sluice.iam.coverage import allows

# Of assets, renders, uploads and their like, and digests: new in each run.
_IDS = re.compile(r"[0-9a-hjkmnp-tv-z]{26}|[0-9A-HJKMNP-TV-Z]{26}|[0-9a-f]{16,}")
Statement = Mapping[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class Call:
    """What a function asked for."""

    function: str
    action: str
    resource: str


def chosen(decisions: Iterable[Decision], functions: Iterable[str]) -> list[Call]:
    """One call for each function, action and set of statements that allow it: the first by its name."""
    known = list(functions)
    found: dict[tuple[str, str, tuple[str, ...]], Call] = {}
    for each in decisions:
        function = next((name for name in known if of_function(name, each.role)), None)
        if function and each.sids:
            call = Call(function, each.action, _IDS.sub("ID", in_one_stack(each)))
            key = (function, each.action, each.sids)
            found[key] = min(found.get(key, call), call)
    return sorted(set(found.values()))


def read_calls(path: Path) -> list[Call]:
    return [Call(**json.loads(line)) for line in path.read_text().splitlines()]


def write_calls(path: Path, calls: Iterable[Call]) -> None:
    path.write_text("".join(json.dumps(asdict(call)) + "\n" for call in calls))


def refused_calls(statements: Sequence[Statement], calls: Iterable[Call]) -> list[Call]:
    """The calls that these statements do not allow."""
    return [call for call in calls if not allows(map(dict, statements), call.action, call.resource)]


def idle(statements: Sequence[Statement], calls: Sequence[Call]) -> list[tuple[str, str]]:
    """Sid and action of what may be taken out of a function's statements without a call being refused.

    Args:
        statements: With every resource resolved.
        calls: Of that function.
    """
    return [
        (statement["Sid"], action)
        for index, statement in enumerate(statements)
        for action in statement["Action"]
        if action not in BY_LAMBDA
        and not refused_calls(
            [*statements[:index], _without(statement, action), *statements[index + 1 :]],
            [call for call in calls if call.action == action],
        )
    ]


def _without(statement: Statement, action: str) -> Statement:
    return {**statement, "Action": [each for each in statement["Action"] if each != action]}
