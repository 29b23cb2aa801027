from __future__ import annotations

from typing import Any

import pytest

from sluice.failure import PackagingFailed
from sluice.template import Resolver, local_files, resources

REFS = {"AWS::StackName": "sluice-local", "AWS::Region": "us-east-1", "Queue": "http://q/queue", "Stage": "local"}
CONDITIONS: dict[str, Any] = {
    "OnAws": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Stage"}, "local"]}]},
    "Local": {"Fn::Not": [{"Condition": "OnAws"}]},
    "Both": {"Fn::And": [{"Condition": "OnAws"}, {"Condition": "Local"}]},
}
RESOLVER = Resolver(REFS, {"Queue": "arn:queue"}, CONDITIONS)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("plain", "plain"),
        ({"Ref": "Queue"}, "http://q/queue"),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "arn:queue"),
        ({"Fn::GetAtt": "Queue.Arn"}, "arn:queue"),
        ({"Fn::Sub": "${AWS::StackName}-x-${Queue.Arn}-${!kept}"}, "sluice-local-x-arn:queue-${kept}"),
        ({"Fn::Sub": ["${A}/${AWS::Region}", {"A": {"Ref": "Stage"}}]}, "local/us-east-1"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Stage"}]]}, "a-local"),
        ({"Fn::If": ["OnAws", {"Ref": "NotThere"}, "here"]}, "here"),
        ({"a": {"Fn::If": ["OnAws", 1, {"Ref": "AWS::NoValue"}]}, "b": 2}, {"b": 2}),
        ([{"Ref": "Stage"}, {"Ref": "AWS::NoValue"}], ["local"]),
    ],
)
def test_intrinsics(value: Any, wanted: Any) -> None:
    """Each intrinsic that our templates use comes to what CloudFormation would make of it."""
    assert RESOLVER.resolve(value) == wanted


@pytest.mark.parametrize(("condition", "holds"), [("OnAws", False), ("Local", True), ("Both", False)])
def test_conditions(condition: str, holds: bool) -> None:
    """Conditions are worked out from the parameters."""
    assert RESOLVER.holds(condition) is holds


@pytest.mark.parametrize("value", [{"Ref": "Nothing"}, {"Fn::GetAtt": ["Queue", "Url"]}, {"Fn::Sub": "${Nothing}"}])
def test_what_the_stack_does_not_have(value: Any) -> None:
    """A name that is not in the stack is an error, never a blank."""
    with pytest.raises(KeyError):
        RESOLVER.resolve(value)


def test_local_files() -> None:
    """Only properties that name a file on this machine are listed."""
    template = {
        "Resources": {
            "Code": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "./deployment.zip"}},
            "There": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "s3://bucket/key"}},
            "Machine": {"Type": "AWS::Serverless::StateMachine", "Properties": {"DefinitionUri": "../a.asl.json"}},
            "Bucket": {"Type": "AWS::S3::Bucket"},
        }
    }

    assert [(found.logical_id, name, path) for found, name, path in local_files(template)] == [
        ("Code", "CodeUri", "./deployment.zip"),
        ("Machine", "DefinitionUri", "../a.asl.json"),
    ]


def test_a_resource_without_type() -> None:
    """A misspelt logical id of the merge template is named."""
    with pytest.raises(PackagingFailed, match="Rendr"):
        list(resources({"Resources": {"Rendr": {"Properties": {}}}}))
