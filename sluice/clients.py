"""boto3 clients of the operator's side of the local AWS.

Invariant: a developer's real account is never touched. Credentials, region and endpoint are given explicitly and the
session reads neither AWS_* variables nor a profile.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config

from sluice.paths import Local

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

REGION = "us-east-1"
ACCOUNT_ID = "000000000000"
ROOT_KEY_ID = "test"
ROOT_SECRET = "test"  # noqa: S105  the emulator's documented root credentials, good on loopback only


# botocore's own form: name -> (key in the config file, environment variable, default, conversion).
_READ_NOTHING = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
    "ca_bundle": (None, None, None, None),
}


def _session() -> boto3.Session:
    core = botocore.session.Session(session_vars=_READ_NOTHING)
    core.set_credentials(ROOT_KEY_ID, ROOT_SECRET)
    return boto3.Session(botocore_session=core, region_name=REGION)


class LocalClients:
    """The clients of one local AWS, built on first use."""

    def __init__(self, local: Local) -> None:
        self._endpoint = local.gateway_url
        self._session = _session()
        self._made: dict[str, Any] = {}

    def _client(self, service: str) -> Any:
        if service not in self._made:
            # Not in the stubs: ignore_configured_endpoint_urls.
            config = Config(  # type: ignore[call-arg]
                signature_version="v4" if service != "s3" else "s3v4",
                retries={"mode": "standard", "max_attempts": 3},
                connect_timeout=5,
                read_timeout=120,
                s3={"addressing_style": "path"},
                ignore_configured_endpoint_urls=True,
                proxies={},
            )
            self._made[service] = self._session.client(
                service,  # type: ignore[call-overload]
                endpoint_url=self._endpoint,
                region_name=REGION,
                config=config,
                use_ssl=False,
            )
        return self._made[service]

    def client(self, service: str) -> Any:
        """Of any service; typed by whoever asks."""
        return self._client(service)

    @property
    def cloudformation(self) -> CloudFormationClient:
        client: CloudFormationClient = self._client("cloudformation")
        return client

    @property
    def s3(self) -> S3Client:
        client: S3Client = self._client("s3")
        return client

    @property
    def functions(self) -> LambdaClient:
        client: LambdaClient = self._client("lambda")
        return client

    @property
    def dynamodb(self) -> DynamoDBClient:
        client: DynamoDBClient = self._client("dynamodb")
        return client

    @property
    def sqs(self) -> SQSClient:
        client: SQSClient = self._client("sqs")
        return client

    @property
    def sns(self) -> SNSClient:
        client: SNSClient = self._client("sns")
        return client

    @property
    def events(self) -> EventBridgeClient:
        client: EventBridgeClient = self._client("events")
        return client

    @property
    def states(self) -> SFNClient:
        client: SFNClient = self._client("stepfunctions")
        return client

    @property
    def logs(self) -> CloudWatchLogsClient:
        client: CloudWatchLogsClient = self._client("logs")
        return client


@lru_cache(maxsize=4)
def clients_of(local: Local) -> LocalClients:
    """One set of clients per local AWS."""
    return LocalClients(local)
