"""Each function's policy against its source: what no code of the function can come to, the function may not do.

This proves that an action is not left over, from above: a name that occurs twice in the project counts as both.
Of resources it proves that they are the stack's, and that no statement covers another. That the policies are enough is
proved where they are enforced: on the local AWS, by the end-to-end tests (`make permissions` for what each was needed).
"""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from chalicelib.handlers import api
from tests.call_graph import Graph

_ROOT = Path(__file__).parents[2]
_API = tuple(api.__all__)
_ENTRIES = {
    "cleanup": [("schedule", "cleanup")],
    "deliver": [("notices", "deliver")],
    "early": [("early", "early")],
    "encode": [("consumers", "encode")],
    "ingest": [("ingest", "ingest")],
    "job_changed": [("jobs", "job_changed")],
    "notify": [("notices", "notify")],
    "publish": [("publish", "publish")],
    "render": [("render", "render")],
}
_HEAD = {"s3:GetObject", "s3:ListBucket"}
# What an operation needs, where that is not the action of the same name.
_ACTIONS = {
    "dynamodb:TransactWriteItems": {"dynamodb:PutItem", "dynamodb:UpdateItem"},
    # S3 answers 403 for an object that is not there, unless one may list the bucket.
    "s3:HeadObject": _HEAD,
    "s3:GetObject": _HEAD,
    "s3:ListObjectsV2": {"s3:ListBucket"},
    "s3:CopyObject": {"s3:GetObject", "s3:PutObject"},
    "s3:UploadPartCopy": {"s3:GetObject", "s3:PutObject"},
    "s3:CreateMultipartUpload": {"s3:PutObject"},
    "s3:UploadPart": {"s3:PutObject"},
    "s3:CompleteMultipartUpload": {"s3:PutObject"},
    "s3:ListParts": {"s3:ListMultipartUploadParts"},
    "s3:ListMultipartUploads": {"s3:ListBucketMultipartUploads"},
    "s3:DeleteObjects": {"s3:DeleteObject"},
    "mediaconvert:CreateJob": {"mediaconvert:CreateJob", "mediaconvert:TagResource", "iam:PassRole"},
    "mediapackage-vod:CreateAsset": {
        "mediapackage-vod:CreateAsset",
        "mediapackage-vod:DescribeAsset",
        "mediapackage-vod:TagResource",
        "iam:PassRole",
    },
}
_QUEUE_READER = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"}
# What Lambda does in the function's name: logs and traces for all, queues and dead letters for some.
_EVERYONE = {"logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTelemetryRecords", "xray:PutTraceSegments"}
_BY_LAMBDA = {
    "encode": _QUEUE_READER,
    "notify": _QUEUE_READER,
    "deliver": _QUEUE_READER,
    "ingest": {"sqs:SendMessage"},
}
_POLICIES = sorted(path.stem for path in (_ROOT / ".chalice" / "policies").glob("*.json"))


@cache
def _graph() -> Graph:
    return Graph(_ROOT, "chalicelib")


def _operations(name: str) -> set[str]:
    graph = _graph()
    if name == "api_handler":
        entries = [each for module in _API for each in graph.functions_of(f"chalicelib.handlers.{module}")]
    else:
        entries = [(f"chalicelib.handlers.{module}", function) for module, function in _ENTRIES[name]]
    operations = graph.operations_of(entries)
    if "dynamodb:TransactWriteItems" in operations:
        # Whoever commits events announces them, by a call that handlers/wiring.py hands to the table.
        operations |= graph.operations_of([("chalicelib.aws.outlets", "Outlets.announce")])
    return operations


def _allowed(name: str) -> set[str]:
    policy = json.loads((_ROOT / ".chalice" / "policies" / f"{name}.json").read_text())
    return {action for statement in policy["Statement"] for action in statement["Action"]}


@pytest.mark.parametrize("name", _POLICIES)
def test_no_action_is_left_over(name: str) -> None:
    """Each action of a policy is one that the function's code, or Lambda in its name, can come to."""
    needed = {action for each in _operations(name) for action in _ACTIONS.get(each, {each})}
    assert _allowed(name) - needed - _EVERYONE - _BY_LAMBDA.get(name, set()) == set()


@pytest.mark.parametrize("name", _POLICIES)
def test_every_statement_names_its_purpose_and_its_place(name: str) -> None:
    """Each has a name of its own, and no action or resource is a star but for what has no resource."""
    policy = json.loads((_ROOT / ".chalice" / "policies" / f"{name}.json").read_text())
    statements = policy["Statement"]
    assert len({statement["Sid"] for statement in statements}) == len(statements)
    for statement in statements:
        assert not any("*" in action for action in statement["Action"])
        if statement["Resource"] == "*":
            assert all(action.startswith(("xray:", "states:SendTask")) for action in statement["Action"])


def test_what_a_function_does_not_do_is_not_found() -> None:
    """The bound is not so high that it proves nothing."""
    for name in _POLICIES:
        operations = _operations(name)
        assert ("sns:Publish" in operations) is (name == "notify")
        assert ("mediaconvert:CreateJob" in operations) is (name == "publish")
        assert ("s3:RestoreObject" in operations) is (name == "api_handler")
        assert ("s3:ListMultipartUploads" in operations) is (name == "cleanup")


# Resources that name nothing of the stack, with the reason why they cannot.
_WIDE = {
    "*": "X-Ray has no resources, and a task token names none",
    "jobTemplates/*": "a customer chooses among all templates of the account",
    "presets/*": "a template names presets of its own",
    "queues/*": "and its own queue",
    "jobs/*": "a job's number is MediaConvert's",
    "assets/*": "the name of an asset of MediaPackage is its id, in a namespace of the account",
    "packaging-groups/*": "packaging groups may be the customer's own",
    "${ExtraSourceBucket}": "the bucket that the operator names",
    "${ExtraSourceBucket}/*": "its objects",
}
# The table, queues, buckets and so on of the stack, and names that begin with its own.
_OF_THE_STACK = re.compile(
    r"\$\{(AWS::StackName|Table|SourceBucket|MediaBucket|EncodeQueue|EventsQueue|WebhookQueue|NotificationQueue"
    r"|IngestDeadLetterQueue|EventBus)(\.Arn)?\}"
)


def _resources(value: Any) -> list[str]:
    """What a Resource names; of a condition both ways."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [each for part in value for each in _resources(part)]
    ((function, argument),) = value.items()
    if function == "Fn::If":
        return _resources(argument[1:])
    return [argument] if function == "Fn::Sub" else [f"${{{argument if function == 'Ref' else argument[0]}}}"]


def _statements(name: str) -> list[dict[str, Any]]:
    policy = json.loads((_ROOT / ".chalice" / "policies" / f"{name}.json").read_text())
    found: list[dict[str, Any]] = policy["Statement"]
    return found


@pytest.mark.parametrize("name", _POLICIES)
def test_every_resource_is_the_stacks_own(name: str) -> None:
    """Each names something that the stack made; what cannot is on the list above, with its reason."""
    for statement in _statements(name):
        for resource in _resources(statement["Resource"]):
            made = _OF_THE_STACK.search(resource) or re.fullmatch(r"\$\{[A-Z]\w+(Topic|Role)\}", resource)
            assert made or resource.split(":")[-1] in _WIDE, (name, statement["Sid"], resource)


@pytest.mark.parametrize("name", _POLICIES)
def test_no_statement_allows_what_another_does(name: str) -> None:
    """Without a statement something is refused: none of its actions has all its resources in another one too."""
    statements = _statements(name)
    for one in statements:
        for other in statements:
            if one is not other and (both := set(one["Action"]) & set(other["Action"])):
                wider = _resources(other["Resource"])
                covered = [any(fnmatchcase(each, pattern) for pattern in wider) for each in _resources(one["Resource"])]
                assert not all(covered), f"{name}: {other['Sid']} allows {both} of {one['Sid']} too"
