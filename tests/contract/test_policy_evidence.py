"""Each function's policy is enough for what it was seen to do, and no part of it is idle.

The local AWS enforces the policies while the end-to-end tests run, and notes what it decided; `make permissions` keeps
one call of each kind in `tests/fixtures/policy_calls.jsonl`. Here they are put to the policies of today, packaged.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from load.evidence import Call, idle, read_calls, refused_calls
from sluice.paths import Project
from sluice.template import Document, Resolver
from tests.contract.test_template import FUNCTIONS

_FIXTURES = Path(__file__).parents[1] / "fixtures"
_PSEUDO = {"Partition": "aws", "Region": "us-east-1", "AccountId": "0" * 12, "StackName": "sluice-local"}
_POLICIES = sorted(path.stem for path in (Project.here().root / ".chalice" / "policies").glob("*.json"))
_ARNS = {
    "AWS::DynamoDB::Table": ("TableName", "arn:aws:dynamodb:us-east-1:000000000000:table/"),
    "AWS::Events::EventBus": ("Name", "arn:aws:events:us-east-1:000000000000:event-bus/"),
    "AWS::S3::Bucket": ("BucketName", "arn:aws:s3:::"),
    "AWS::SNS::Topic": ("TopicName", "arn:aws:sns:us-east-1:000000000000:"),
    "AWS::SQS::Queue": ("QueueName", "arn:aws:sqs:us-east-1:000000000000:"),
}


@cache
def _calls() -> list[Call]:
    return read_calls(_FIXTURES / "policy_calls.jsonl")


def _unasked() -> Iterator[tuple[str, str, str]]:
    """Function, sid and action of what no local test can ask for; the reasons are beside them."""
    for entry in yaml.safe_load((_FIXTURES / "policy_unasked.yaml").read_text()):
        assert entry["reason"]
        for place in entry["at"]:
            function, sid, action = place.split()
            yield function, sid, action


@pytest.fixture(scope="module")
def statements(template: Document) -> dict[str, list[dict[str, Any]]]:
    """Of each function, as the local AWS resolves them, by what Chalice calls it."""
    refs = {name: str(body["Default"]) for name, body in template["Parameters"].items()}
    refs |= {f"AWS::{name}": value for name, value in _PSEUDO.items()}
    refs |= {"FunctionRuntime": "provided.al2023", "MediaConvert": "on", "MediaDistribution": "none"}
    names = Resolver(refs, {})
    arns = {logical_id: f"arn:aws:iam::000000000000:role/{logical_id}" for logical_id in template["Resources"]}
    for logical_id, body in template["Resources"].items():
        if body["Type"] in _ARNS:
            name, prefix = _ARNS[body["Type"]]
            arns[logical_id] = prefix + names.resolve(body["Properties"][name])
    resolver = Resolver(refs | arns, arns, template["Conditions"])
    found = {}
    for logical_id in FUNCTIONS:
        role = template["Resources"][logical_id]["Properties"]["Role"]["Fn::GetAtt"][0]
        (policy,) = template["Resources"][role]["Properties"]["Policies"]
        name = next(each for each in _POLICIES if each.replace("_", "") == logical_id.lower())
        found[name] = resolver.resolve(policy["PolicyDocument"]["Statement"])
    return found


@pytest.mark.parametrize("function", _POLICIES)
def test_nothing_that_was_done_is_refused(statements: dict[str, list[dict[str, Any]]], function: str) -> None:
    """The policy of today allows every call that the function made while the end-to-end tests ran."""
    calls = [call for call in _calls() if call.function == function]
    assert calls
    assert refused_calls(statements[function], calls) == []


@pytest.mark.parametrize("function", _POLICIES)
def test_without_any_one_action_something_is_refused(
    statements: dict[str, list[dict[str, Any]]], function: str
) -> None:
    """Each action of each statement is wanted by a recorded call that nothing else allows, or is answered for."""
    calls = [call for call in _calls() if call.function == function]
    answered = {(sid, action) for name, sid, action in _unasked() if name == function}
    assert set(idle(statements[function], calls)) == answered
