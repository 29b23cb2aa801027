"""Where the smoke test runs: the stack on the local AWS, or a stack of a real account. Both are spoken to by boto3."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from sluice.clients import LocalClients
from sluice.deploy import STACK
from sluice.facts import read_facts
from sluice.failure import OperatorError
from sluice.lifecycle import down, up_detached
from sluice.paths import Local
from sluice.report import Report

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_stepfunctions import SFNClient


class TargetMissing(OperatorError):
    """There is no such stack, or no way to it."""


@dataclass(frozen=True, slots=True)
class Target:
    """A deployed stack.

    Attributes:
        bucket: The one that projects and renders lie in.
        machine_arn: Of the render state machine.
    """

    name: str
    s3: S3Client
    states: SFNClient
    bucket: str
    machine_arn: str


@contextmanager
def local_target() -> Iterator[Target]:
    """The local AWS of SLUICE_HOME; started for the block, and stopped after it, unless it runs already."""
    local = Local.from_env()
    ours = read_facts(local.home) is None
    try:
        up_detached(local, Report(quiet=True))
        facts = read_facts(local.home)
        if facts is None:
            raise TargetMissing("the local AWS ended at once; its log is in SLUICE_HOME")
        clients = LocalClients(Local(local.project, local.home, facts.origin_port, facts.gateway_port))
        yield _target(STACK, clients.cloudformation, clients.s3, clients.states)
    finally:
        if ours:
            down(local)


@contextmanager
def account_target(stage: str, region: str | None, profile: str | None) -> Iterator[Target]:
    """The stack of a stage, with the credentials that boto3 finds.

    Raises:
        TargetMissing: If it is not there or cannot be seen.
    """
    try:
        session = boto3.Session(region_name=region, profile_name=profile)
        stack = f"sluice-{stage}"
        yield _target(stack, session.client("cloudformation"), session.client("s3"), session.client("stepfunctions"))
    except BotoCoreError as error:
        raise TargetMissing(f"no way to the account: {error}") from error


def _target(stack: str, cloudformation: CloudFormationClient, s3: S3Client, states: SFNClient) -> Target:
    try:
        found = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        raise TargetMissing(f"there is no stack {stack} that these credentials may see") from error
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    return Target(stack, s3, states, outputs["SourceBucketName"], outputs["RenderStateMachineArn"])
