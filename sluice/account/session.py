"""The account that a command works in: credentials and region as boto3 finds them, and every refusal as one sentence.

Unlike `sluice.clients` this reads the environment, profiles and AWS_ENDPOINT_URL: it is the operator's own account.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)

from sluice.failure import OperatorError

_UNKNOWN_CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "SignatureDoesNotMatch",
        "InvalidAccessKeyId",
    }
)
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_POLL_S, _LOCAL_POLL_S = 3.0, 0.2


class NoAccount(OperatorError):
    """No credentials, no region, or none that AWS knows."""

    exit_code = 3


class AwsRefused(OperatorError):
    """AWS refused a call; the message is its own."""


@dataclass(frozen=True, slots=True)
class Account:
    """Where a command works.

    Attributes:
        session: Its credentials and region.
        account_id: Twelve digits.
        caller: ARN of whoever the credentials belong to.
    """

    session: boto3.Session
    account_id: str
    caller: str

    @property
    def region(self) -> str:
        return self.session.region_name

    @property
    def partition(self) -> str:
        return str(self.session.get_partition_for_region(self.region))

    def client(self, service: str) -> Any:
        """A client of this service; typed by whoever asks."""
        return _client(self.session, service)

    @property
    def is_local(self) -> bool:
        """Whether AWS_ENDPOINT_URL points at this machine."""
        return on_loopback(self.client("sts").meta.endpoint_url)

    def environ(self) -> dict[str, str]:
        """For a child process that is to work in the same account."""
        profile = {"AWS_PROFILE": self.session.profile_name} if self.session.profile_name != "default" else {}
        return {**os.environ, **profile, "AWS_DEFAULT_REGION": self.region, "AWS_REGION": self.region}

    @property
    def poll_s(self) -> float:
        """Between two looks at work that is under way."""
        return _LOCAL_POLL_S if self.is_local else _POLL_S


def _client(session: boto3.Session, service: str) -> Any:
    config = Config(retries={"mode": "standard", "max_attempts": 6}, connect_timeout=10, read_timeout=120)
    return session.client(service, config=config)  # type: ignore[call-overload]


def on_loopback(url: str) -> bool:
    """Whether a URL names this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def explained() -> Iterator[None]:
    """Turn what boto3 raises into a sentence that says what to do.

    Raises:
        NoAccount: If credentials or region are at fault.
        AwsRefused: If AWS refused the call.
    """
    try:
        yield
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise NoAccount(
            "no AWS credentials: give --profile, or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        ) from error
    except NoRegionError as error:
        raise NoAccount("no AWS region: give --region, or set AWS_REGION") from error
    except ProfileNotFound as error:
        raise NoAccount(f"{error}; profiles are in ~/.aws/config and ~/.aws/credentials") from error
    except EndpointConnectionError as error:
        raise NoAccount(f"{error}; is the network up, and the region enabled?") from error
    except ClientError as error:
        raise _refusal(error) from error
    except BotoCoreError as error:
        raise AwsRefused(f"AWS could not be asked: {error}") from error


def _refusal(error: ClientError) -> OperatorError:
    said = error.response.get("Error", {})
    code, message = said.get("Code", ""), said.get("Message", "")
    if code in _UNKNOWN_CREDENTIALS:
        return NoAccount(f"AWS does not accept these credentials ({code}): log in again, or choose another --profile")
    if code in _DENIED:
        return AwsRefused(f"these credentials may not call {error.operation_name}: {message}")
    return AwsRefused(f"{error.operation_name} was refused: {message or code}")


def open_account(*, profile: str | None, region: str | None) -> Account:
    """Find credentials and region, and ask AWS whose they are.

    Raises:
        NoAccount: If there are none, or AWS does not know them.
    """
    with explained():
        session = boto3.Session(profile_name=profile, region_name=region or os.environ.get("AWS_REGION"))
        if not session.region_name:
            raise NoRegionError
        if session.region_name not in session.get_available_regions(
            "cloudformation", session.get_partition_for_region(session.region_name)
        ):
            raise NoAccount(f"AWS has no region named {session.region_name}")
        said = _client(session, "sts").get_caller_identity()
    return Account(session, said["Account"], said["Arn"])
