"""Whether policies allow what is needed: by names of actions and resources, as IAM matches them.

An explicit Deny wins. Conditions, NotAction and NotResource are not evaluated: a statement with a condition counts as
one that may not allow, and of NotAction and NotResource only what is certain is taken. IAM itself can be asked beside
(`simulate`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sluice.failure import OperatorError
from sluice.iam.grants import Grant, Scope

Document = dict[str, Any]
_SIMULATED_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Missing:
    """An action that is not allowed; `why` names the grant it belongs to."""

    action: str
    resource: str
    why: str


def check_document(document: object) -> Document:
    """Raises OperatorError if it is not a policy."""
    if not isinstance(document, dict) or "Statement" not in document:
        raise OperatorError('this is no IAM policy: an object with "Statement" is wanted')
    return document


def statements(documents: Iterable[Document]) -> Iterator[Document]:
    for document in documents:
        found = document["Statement"]
        yield from [found] if isinstance(found, dict) else found


def missing(documents: Sequence[Document], needed: Iterable[Grant], scope: Scope) -> list[Missing]:
    """What the documents together do not allow."""
    rules = list(statements(documents))
    return [
        Missing(action, resource, grant.why)
        for grant in needed
        for action in grant.actions
        for resource in map(scope.arn, grant.resources)
        if not allows(rules, action, resource)
    ]


def allows(rules: Iterable[Document], action: str, resource: str) -> bool:
    """Whether statements allow an action on every resource that the pattern `resource` matches."""
    allowed = False
    for rule in rules:
        if rule.get("Effect") == "Deny":
            if not rule.get("Condition") and _touches(rule, action, resource):
                return False
        elif not rule.get("Condition"):
            allowed = allowed or (_names(rule, "Action", action) and _names(rule, "Resource", resource))
    return allowed


def _touches(rule: Document, action: str, resource: str) -> bool:
    """Whether a Deny takes away even a part of what the pattern `resource` matches."""
    parts = any(_matches(resource, named, ignore_case=False) for named in _listed(rule.get("Resource", [])))
    return _names(rule, "Action", action) and (parts or _names(rule, "Resource", resource))


def _names(rule: Document, kind: str, wanted: str) -> bool:
    if kind in rule:
        return any(_matches(pattern, wanted, ignore_case=kind == "Action") for pattern in _listed(rule[kind]))
    excluded = rule.get(f"Not{kind}")
    if excluded is None:
        return False
    return not any(_matches(pattern, wanted, ignore_case=kind == "Action") for pattern in _listed(excluded))


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(item) for item in value]


@lru_cache(maxsize=4096)
def _pattern(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    text = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    return re.compile(text, re.IGNORECASE if ignore_case else 0)


def _matches(pattern: str, wanted: str, *, ignore_case: bool) -> bool:
    """Of a wanted pattern the stars are plain characters, so that "a*" is matched by "a*" and "*", not by "ab"."""
    return _pattern(pattern, ignore_case).fullmatch(wanted) is not None


def simulate(iam: Any, documents: Sequence[str], needed: Iterable[Grant], scope: Scope) -> list[Missing]:
    """What IAM says is not allowed (iam:SimulateCustomPolicy). A star in a resource is simulated as one name.

    Args:
        iam: A boto3 client.
        documents: As text.
    """
    found = []
    for grant in needed:
        resources = [scope.arn(pattern).replace("*", "x") if pattern != "*" else "*" for pattern in grant.resources]
        for start in range(0, len(grant.actions), _SIMULATED_AT_ONCE):
            actions = list(grant.actions[start : start + _SIMULATED_AT_ONCE])
            pages = iam.get_paginator("simulate_custom_policy").paginate(
                PolicyInputList=list(documents), ActionNames=actions, ResourceArns=resources
            )
            for page in pages:
                for result in page["EvaluationResults"]:
                    if result["EvalDecision"] != "allowed":
                        found.append(Missing(result["EvalActionName"], result.get("EvalResourceName", "*"), grant.why))
    return found


def linted(analyzer: Any, document: str) -> list[str]:
    """What Access Analyzer says of a document: one line each, the gravest first."""
    order = ("ERROR", "SECURITY_WARNING", "WARNING", "SUGGESTION")
    pages = analyzer.get_paginator("validate_policy").paginate(policyDocument=document, policyType="IDENTITY_POLICY")
    said = [finding for page in pages for finding in page["findings"]]
    said.sort(
        key=lambda finding: order.index(finding["findingType"]) if finding["findingType"] in order else len(order)
    )
    return [f"{each['findingType']} {each['issueCode']}: {each['findingDetails']}" for each in said]
