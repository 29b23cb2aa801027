"""What a stack leaves behind when it is deleted: the table and the buckets that hold uploads and streams.

The next stack of the same name takes them over. CloudFormation does that only for names that are written out
(User Guide, "Import AWS resources into a CloudFormation stack automatically"), hence `name_outright`.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from chalice.package import YAMLTemplateSerializer

from sluice.account.artifacts import empty
from sluice.account.session import Account
from sluice.paths import Project
from sluice.report import Report
from sluice.template import Document, Resolver

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client

_NAMES = {"AWS::S3::Bucket": "BucketName", "AWS::DynamoDB::Table": "TableName"}
_GONE = frozenset({"404", "NoSuchBucket", "ResourceNotFoundException"})


@dataclass(frozen=True, slots=True)
class Retained:
    """One resource that outlives its stack."""

    logical_id: str
    type: str
    name: str

    def __str__(self) -> str:
        return f"{'bucket' if self.type == 'AWS::S3::Bucket' else 'table'} {self.name}"


def retained_by(project: Project, stack: str, account: Account) -> tuple[Retained, ...]:
    """What a stack of this name keeps, as the merge template names it."""
    template = YAMLTemplateSerializer().load_template(project.merge_template.read_text())
    refs = {"AWS::StackName": stack, "AWS::AccountId": account.account_id, "AWS::Region": account.region}
    resolver = Resolver(refs, {})
    return tuple(
        Retained(logical_id, body["Type"], str(resolver.resolve(body["Properties"][_NAMES[body["Type"]]])))
        for logical_id, body in sorted(template["Resources"].items())
        if body.get("DeletionPolicy") == "Retain" and body.get("Type") in _NAMES
    )


def name_outright(template: Document, kept: tuple[Retained, ...]) -> Document:
    """The template with the names of what it keeps as plain text instead of intrinsics; nothing else differs."""
    named = copy.deepcopy(template)
    for resource in kept:
        named["Resources"][resource.logical_id]["Properties"][_NAMES[resource.type]] = resource.name
    return named


def is_there(account: Account, resource: Retained) -> bool:
    """Whether the resource exists, in this account."""
    try:
        if resource.type == "AWS::S3::Bucket":
            s3: S3Client = account.client("s3")
            s3.head_bucket(Bucket=resource.name, ExpectedBucketOwner=account.account_id)
        else:
            dynamodb: DynamoDBClient = account.client("dynamodb")
            dynamodb.describe_table(TableName=resource.name)
    except ClientError as error:
        if error.response["Error"]["Code"] in _GONE:
            return False
        raise
    return True


def purge(account: Account, resources: tuple[Retained, ...], stack: str, report: Report) -> None:
    """Delete the data itself, and the logs of the stack's functions. There is no way back."""
    for resource in resources:
        if not is_there(account, resource):
            continue
        with report.step(f"delete the {resource}") as step:
            if resource.type == "AWS::S3::Bucket":
                s3: S3Client = account.client("s3")
                step.note = f"{empty(s3, resource.name)} objects"
                s3.delete_bucket(Bucket=resource.name)
            else:
                dynamodb: DynamoDBClient = account.client("dynamodb")
                dynamodb.delete_table(TableName=resource.name)
    logs: CloudWatchLogsClient = account.client("logs")
    prefix = f"/aws/lambda/{stack}-"
    for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix):
        for group in page["logGroups"]:
            logs.delete_log_group(logGroupName=group["logGroupName"])
