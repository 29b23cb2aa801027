"""Writes down what the functions were allowed, and by which statements; nothing unless it is asked for.

SLUICE_EMULATOR_PERMISSIONS names a file. Each line of it is one kind of request that was decided on:

    {"role": "...", "action": "s3:GetObject", "resource": "arn:...", "sids": ["Sources"]}

`sids` are all the statements that allow it, so a request with one of them alone is refused without that one, and
one without any was refused. `python -m load policies` reads it.
"""

from __future__ import annotations

import json
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from ministack.core import iam_evaluator


def _allowing(ctx: Any, policies: Any) -> list[str]:
    statements = [each for document in policies for each in document]
    return sorted({each.sid for each in statements if iam_evaluator._first_match(ctx, [each], "Allow")})


def install(path: Path) -> None:
    """Note each decision on a role's request once."""
    evaluate, evaluate_resource_policy = iam_evaluator.evaluate, iam_evaluator.evaluate_resource_policy
    noted: set[str] = set()
    # A bucket's policy is evaluated by the same function, and is not the role's.
    of_resource: ContextVar[bool] = ContextVar("of_resource", default=False)

    def evaluate_of_resource(*args: Any, **options: Any) -> Any:
        token = of_resource.set(True)
        try:
            return evaluate_resource_policy(*args, **options)
        finally:
            of_resource.reset(token)

    def evaluate_and_note(ctx: Any, policies: Any, *limits: Any) -> Any:
        if ctx.principal_type == "AssumedRole" and not of_resource.get():
            found = {
                "role": ctx.principal_arn.split("/")[1],
                "action": ctx.action,
                "resource": ctx.resource_arn,
                "sids": _allowing(ctx, policies),
            }
            line = json.dumps(found)
            if line not in noted:
                noted.add(line)
                with path.open("a") as file:
                    file.write(line + "\n")
        return evaluate(ctx, policies, *limits)

    iam_evaluator.evaluate = evaluate_and_note
    iam_evaluator.evaluate_resource_policy = evaluate_of_resource
