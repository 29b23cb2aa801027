"""The one place that makes AWS clients, and the one place that reads their errors.

The clients are boto3's own, taken from botocore directly: importing boto3 itself costs a cold start another tenth of a
second, for resources and transfers that nothing here uses.

Presigned URLs are SigV4 on the bucket's own regional host; boto3's default is SigV2 and the global host, which answers
a new bucket with redirects. (With an endpoint that is an IP address, botocore itself falls back to path style.)
Errors are classified by code, never by message text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotocoreConnectionError

from chalicelib.errors import AwsRefused, SluiceError, TransientError

if TYPE_CHECKING:
    import botocore.session
    from botocore.config import Config
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

S3_CONNECTIONS = 16

# botocore itself is imported where a client is first made: it takes longer than all of ours, and whoever imports a
# handler may never make one.


@cache
def _common() -> Config:
    from botocore.config import Config

    return Config(
        connect_timeout=3,
        read_timeout=20,
        retries={"mode": "standard", "total_max_attempts": 4},
        # A presigned PUT must not ask for a checksum header that plain curl does not send.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


@cache
def _of_s3() -> Config:
    from botocore.config import Config

    own = Config(
        signature_version="s3v4",
        s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
        max_pool_connections=S3_CONNECTIONS,
    )
    return _common().merge(own)


_TRANSIENT_CODES = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "TransactionConflictException",
    }
)


class Clients:
    """Each client is made when it is first asked for; making one reads files but touches no network."""

    @cached_property
    def _session(self) -> botocore.session.Session:
        import botocore.session

        return botocore.session.Session()

    @cached_property
    def region(self) -> str:
        """Where the process runs; no client is made for it."""
        return str(self._session.get_config_variable("region") or "us-east-1")

    @cached_property
    def s3(self) -> S3Client:
        return cast("S3Client", self._session.create_client("s3", config=_of_s3()))

    @cached_property
    def s3_accelerated(self) -> S3Client:
        config = _S3.merge(Config(s3={"addressing_style": "virtual", "use_accelerate_endpoint": True}))
        return cast("S3Client", self._session.create_client("s3", config=config))

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        return cast("DynamoDBClient", self._session.create_client("dynamodb", config=_common()))

    @cached_property
    def sqs(self) -> SQSClient:
        return cast("SQSClient", self._session.create_client("sqs", config=_common()))

    def mediaconvert(self, endpoint: str) -> Any:
        """At an endpoint, or at the region's own."""
        return self._at("mediaconvert", endpoint)

    @cached_property
    def mediapackage(self) -> Any:
        return self._session.create_client("mediapackage-vod", config=_common())

    @cache  # noqa: B019  the clients of a process live as long as it does
    def _at(self, service: str, endpoint: str) -> Any:
        return self._session.create_client(service, config=_common(), endpoint_url=endpoint or None)

    @cached_property
    def sns(self) -> SNSClient:
        return cast("SNSClient", self._session.create_client("sns", config=_common()))

    @cached_property
    def events(self) -> EventBridgeClient:
        return cast("EventBridgeClient", self._session.create_client("events", config=_common()))

    @cached_property
    def stepfunctions(self) -> SFNClient:
        return cast("SFNClient", self._session.create_client("stepfunctions", config=_common()))


@contextmanager
def calling(
    operation: str, unavailable: type[TransientError], known: Mapping[str, SluiceError] | None = None
) -> Iterator[None]:
    """Turn what botocore raises in the body into errors of our table.

    Args:
        operation: For the log, such as "s3:HeadObject".
        unavailable: Raised when another attempt may succeed.
        known: Raised for these error codes.

    Raises:
        AwsRefused: For every other refusal.
    """
    try:
        yield
    except ClientError as error:
        code = error_code(error)
        if known and code in known:
            raise known[code] from error
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in _TRANSIENT_CODES or status >= 500:
            raise unavailable(f"{operation} failed with {code}", operation=operation, aws_code=code) from error
        raise AwsRefused(f"{operation} was refused with {code}", operation=operation, aws_code=code) from error
    except (HTTPClientError, BotocoreConnectionError) as error:
        raise unavailable(f"{operation} got no answer", operation=operation, aws_code=type(error).__name__) from error
    except BotoCoreError as error:
        raise AwsRefused(
            f"{operation} could not be sent", operation=operation, aws_code=type(error).__name__
        ) from error


def error_code(error: ClientError) -> str:
    """S3's HEAD has no body, so its code is the bare status, "404"."""
    return error.response.get("Error", {}).get("Code", "Unknown")
