"""Functions are called by the names that config.json has for them."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from sluice.failure import OperatorError
from sluice.verbs_invoke import physical_name

_FUNCTIONS = [
    ("APIHandler", "AWS::Lambda::Function", "s-api-1"),
    ("JobChanged", "AWS::Lambda::Function", "s-jobs-1"),
    ("Table", "AWS::DynamoDB::Table", "s"),
]


@pytest.mark.parametrize(
    ("listed", "function", "name"),
    [
        (_FUNCTIONS, "api_handler", "s-api-1"),
        (_FUNCTIONS, "job_changed", "s-jobs-1"),
        (_FUNCTIONS[2:], "api_handler", "s"),
        (_FUNCTIONS[2:], "job_changed", "s-job_changed"),
    ],
)
def test_a_function_is_found_whoever_deployed_it(listed: Any, function: str, name: str) -> None:
    """In the stack by its logical id; by Chalice and Terraform under the name that they give it."""
    assert _physical_name(listed, function) == name


def test_an_unknown_function_is_refused_with_those_there_are() -> None:
    """A misspelt name says which names there are."""
    with pytest.raises(OperatorError, match="there are: api_handler, job_changed"):
        _physical_name(_FUNCTIONS, "rendr")


def _physical_name(listed: Any, function: str) -> str:
    client = boto3.client("cloudformation", "eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    common = {"LastUpdatedTimestamp": 0, "ResourceStatus": "CREATE_COMPLETE"}
    found = [
        {"LogicalResourceId": logical, "ResourceType": kind, "PhysicalResourceId": name, **common}
        for logical, kind, name in listed
    ]
    with Stubber(client) as stub:
        stub.add_response("list_stack_resources", {"StackResourceSummaries": found}, {"StackName": "s"})
        return physical_name(client, "s", function)
