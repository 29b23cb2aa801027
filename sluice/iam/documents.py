"""Policy documents made of the grants: for a person, in as many as IAM's limits want; for a role, with its trust."""

from __future__ import annotations

import json
from typing import Any

from sluice.iam.grants import Grant, Scope, grants

Document = dict[str, Any]

VERSION = "2012-10-17"
MANAGED_POLICY_CHARACTERS = 6144
"""Of one managed policy, white space not counted (IAM User Guide, "IAM and AWS STS quotas"); ten may be attached."""
_GITHUB = "token.actions.githubusercontent.com"


def statement_of(grant: Grant, scope: Scope) -> Document:
    return {
        "Sid": grant.why,
        "Effect": "Allow",
        "Action": sorted(grant.actions),
        "Resource": sorted(scope.arn(pattern) for pattern in grant.resources),
    }


def size_of(document: Document) -> int:
    """Characters as IAM counts them."""
    return len(json.dumps(document, separators=(",", ":")))


def policies(scope: Scope) -> list[Document]:
    """Everything that is needed, in documents that IAM takes."""
    made: list[Document] = [{"Version": VERSION, "Statement": []}]
    for grant in grants():
        statement = statement_of(grant, scope)
        grown = {**made[-1], "Statement": [*made[-1]["Statement"], statement]}
        if size_of(grown) > MANAGED_POLICY_CHARACTERS:
            made.append({"Version": VERSION, "Statement": [statement]})
        else:
            made[-1] = grown
    return made


def trust_of(scope: Scope, *, github: str | None) -> Document:
    """Who may become the role: a GitHub repository by OIDC, or else the account itself.

    Args:
        github: "owner/name".
    """
    if github is None:
        principal = {"AWS": f"arn:{scope.partition}:iam::{scope.account_id}:root"}
        statement: Document = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    else:
        provider = f"arn:{scope.partition}:iam::{scope.account_id}:oidc-provider/{_GITHUB}"
        statement = {
            "Effect": "Allow",
            "Principal": {"Federated": provider},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {f"{_GITHUB}:aud": "sts.amazonaws.com"},
                "StringLike": {f"{_GITHUB}:sub": f"repo:{github}:*"},
            },
        }
    return {"Version": VERSION, "Statement": [statement]}
