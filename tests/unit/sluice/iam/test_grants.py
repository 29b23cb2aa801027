"""The grants against what needs them: the types of the template, the calls of our code, and the actions that exist."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import boto3
import cfnlint
import pytest
from chalice.package import YAMLTemplateSerializer

from sluice.iam.coverage import missing
from sluice.iam.documents import MANAGED_POLICY_CHARACTERS, policies, size_of, trust_of
from sluice.iam.grants import BY_TYPE, BY_US, Scope, grants
from sluice.paths import Project

SCOPE = Scope("sluice-dev", "eu-west-1", "123456789012")
_ROOT = Project.here().root
_SOURCES = [*(_ROOT / "sluice" / "account").glob("*.py"), *(_ROOT / "sluice" / "doctor").glob("*.py")]
_SOURCES += [
    _ROOT / "sluice" / name for name in ("dead_letters.py", "event_tap.py", "quotas.py", "functionlogs.py", "place.py")
]
_SOURCES += [_ROOT / "sluice" / "iam" / "coverage.py"]
_SERVICES = ["cloudformation", "s3", "dynamodb", "logs", "sqs", "lambda", "cloudwatch", "budgets", "events"]
_SERVICES += ["service-quotas", "iam", "accessanalyzer"]
_NEEDS = {
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "s3:DeleteObjects": "s3:DeleteObject",
    "s3:PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3:GetBucketCors": "s3:GetBucketCORS",
    "lambda:Invoke": "lambda:InvokeFunction",
    "budgets:DescribeBudget": "budgets:ViewBudget",
    "service-quotas:GetServiceQuota": "servicequotas:GetServiceQuota",
    "service-quotas:GetAWSDefaultServiceQuota": "servicequotas:GetAWSDefaultServiceQuota",
    "accessanalyzer:ValidatePolicy": "access-analyzer:ValidatePolicy",
}
# Of `--via chalice`, whose rights are chalice's own; see docs/deploy.md.
_OF_CHALICE = {"by_chalice.py"}


def _operations() -> dict[str, str]:
    """boto3's method name -> service:Operation."""
    found: dict[str, str] = {}
    for service in _SERVICES:
        client = boto3.client(service, region_name="eu-west-1")  # type: ignore[call-overload]
        for method, operation in client.meta.method_to_api_mapping.items():
            found.setdefault(method, f"{service}:{operation}")
    return found


def _called(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_every_call_of_ours_is_granted() -> None:
    """An operation that our code names is among the actions."""
    operations = _operations()
    granted = {action for grant in grants() for action in grant.actions}
    names = {name for path in _SOURCES if path.name not in _OF_CHALICE for name in _called(path)}
    called = {operations[name] for name in names if name in operations}
    assert len(called) > 25
    assert {_NEEDS.get(operation, operation) for operation in called} <= granted


def test_every_type_of_the_template_is_granted() -> None:
    """A resource of a new type needs a line in the table; a line without a resource is left over."""
    template = YAMLTemplateSerializer().load_template(Project.here().merge_template.read_text())
    types = {body["Type"] for body in template["Resources"].values() if "Type" in body}
    # Chalice's own, which the merge template only changes.
    types |= {"AWS::Serverless::Function", "AWS::Serverless::Api", "AWS::IAM::Role"}
    assert set(BY_TYPE) - {"AWS::SQS::QueuePolicy"} == types - {"AWS::SQS::QueuePolicy"}


def test_every_action_exists() -> None:
    """As IAM names it; a slip of the pen would grant nothing."""
    file = Path(cfnlint.__file__).parent / "data" / "AdditionalSpecs" / "Policies.json"
    known = json.loads(file.read_text())
    for grant in grants():
        for action in grant.actions:
            service, _, name = action.partition(":")
            assert name.lower() in known[service]["Actions"], action


def test_nothing_is_granted_on_everything_that_has_a_name() -> None:
    """A star alone is only for actions that know no resources of ours."""
    everywhere = {grant.why for grant in grants() if grant.resources == ("*",)}
    assert everywhere == {
        *("EventSources", "LogDelivery", "Packaging", "PackagingForms"),
        *("StackEvents", "ReadAlarms", "ReadQuotas", "CheckPolicies", "LintPolicies"),
    }
    for grant in grants():
        for pattern in grant.resources:
            assert not re.search(r"\{(?!stack|region|account|partition)", pattern), pattern


def test_the_documents_hold_every_grant_within_the_limit_of_iam() -> None:
    """What is printed is enough, and each document is one that IAM takes."""
    made = policies(SCOPE)
    assert missing(made, grants(), SCOPE) == []
    assert max(map(size_of, made)) <= MANAGED_POLICY_CHARACTERS
    assert len(made) <= 10
    names = [statement["Sid"] for document in made for statement in document["Statement"]]
    assert len(names) == len(set(names)) == len(BY_US) + sum(map(len, BY_TYPE.values()))


@pytest.mark.parametrize(("github", "action"), [(None, "sts:AssumeRole"), ("a/b", "sts:AssumeRoleWithWebIdentity")])
def test_a_role_is_trusted_by_the_account_or_by_one_repository(github: str | None, action: str) -> None:
    """Never by the whole of GitHub."""
    (statement,) = trust_of(SCOPE, github=github)["Statement"]
    assert statement["Action"] == action
    assert ("repo:a/b:*" in json.dumps(statement)) is (github is not None)
