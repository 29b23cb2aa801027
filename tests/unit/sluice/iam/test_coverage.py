"""Whether a policy is enough: names are matched as IAM matches them, and IAM itself can be asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sluice.failure import OperatorError
from sluice.iam.coverage import allows, check_document, linted, missing, simulate
from sluice.iam.grants import Grant, Scope
from tests.unit.sluice.account.stubbed import Script

SCOPE = Scope("sluice-dev", "eu-west-1", "123456789012")
TABLE = "arn:aws:dynamodb:eu-west-1:123456789012:table/sluice-dev"
GRANT = Grant(
    "Table", ("dynamodb:PutItem", "dynamodb:DescribeTable"), ("arn:aws:dynamodb:{region}:{account}:table/{stack}",)
)


def _rule(action: Any, resource: Any = "*", effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


@pytest.mark.parametrize(
    ("rules", "allowed"),
    [
        ([_rule("*")], True),
        ([_rule("dynamodb:*", TABLE)], True),
        ([_rule(["DynamoDB:putitem"], "arn:aws:dynamodb:*:*:table/sluice-*")], True),
        ([_rule("dynamodb:Put?tem", TABLE)], True),
        ([_rule("dynamodb:Get*")], False),
        ([_rule("dynamodb:*", f"{TABLE}-other")], False),
        ([_rule("*"), _rule("dynamodb:PutItem", TABLE, "Deny")], False),
        ([_rule("*"), _rule("dynamodb:PutItem", f"{TABLE}-other", "Deny")], True),
        ([_rule("*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})], False),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], True),
        ([{"Effect": "Allow", "NotAction": "dynamodb:*", "Resource": "*"}], False),
    ],
)
def test_what_statements_allow(rules: list[dict[str, Any]], allowed: bool) -> None:
    """Stars and question marks, any case of actions, Deny above Allow, and no trust in conditions."""
    assert allows(rules, "dynamodb:PutItem", TABLE) is allowed


def test_a_part_that_is_denied_is_denied() -> None:
    """What is wanted of all functions is not allowed if one of them is taken away."""
    rules = [_rule("*"), _rule("lambda:*", "arn:aws:lambda:x:1:function:sluice-dev-render", "Deny")]
    assert not allows(rules, "lambda:InvokeFunction", "arn:aws:lambda:x:1:function:sluice-dev-*")


def test_what_is_missing_is_named_with_its_reason() -> None:
    """Action, resource and the grant that wants it; a single statement need not be a list."""
    (lack,) = missing([{"Statement": _rule("dynamodb:PutItem")}], [GRANT], SCOPE)
    assert (lack.action, lack.resource, lack.why) == ("dynamodb:DescribeTable", TABLE, "Table")


def test_what_is_no_policy_is_told() -> None:
    """Any JSON may come in a file."""
    with pytest.raises(OperatorError, match="no IAM policy"):
        check_document([1])


def test_iam_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it does not allow is missing, whatever our own reading says."""
    script = Script(monkeypatch)
    results = [
        {"EvalActionName": "dynamodb:PutItem", "EvalResourceName": TABLE, "EvalDecision": "allowed"},
        {"EvalActionName": "dynamodb:DescribeTable", "EvalResourceName": TABLE, "EvalDecision": "implicitDeny"},
    ]
    asked = {"PolicyInputList": ["{}"], "ActionNames": list(GRANT.actions), "ResourceArns": [TABLE]}
    script.expect("iam", "simulate_custom_policy", asked, {"EvaluationResults": results})
    (lack,) = simulate(script.client("iam"), ["{}"], [GRANT], SCOPE)
    assert lack.action == "dynamodb:DescribeTable"
    script.finished()


def test_access_analyzer_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gravest finding first."""
    script = Script(monkeypatch)
    findings: list[dict[str, Any]] = [
        {"findingType": kind, "issueCode": "X", "findingDetails": "d", "learnMoreLink": "l", "locations": []}
        for kind in ("SUGGESTION", "ERROR")
    ]
    asked = {"policyDocument": json.dumps({}), "policyType": "IDENTITY_POLICY"}
    script.expect("accessanalyzer", "validate_policy", asked, {"findings": findings})
    assert linted(script.client("accessanalyzer"), "{}") == ["ERROR X: d", "SUGGESTION X: d"]
