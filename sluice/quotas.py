"""The limits of AWS that Sluice lives under: which, what it needs of them, and what it does at each.

Adjustable ones are asked for in the account (Service Quotas). The others are the services' own and the same everywhere;
what the app does there is in docs/limits.md, with the modules that do it. Each code was compared on 2026-11-21 with how
public code uses it: AWS's user guide names API Gateway's, terraform-provider-aws the two of Lambda, and several
checkers of quotas, which count what each is about, those of DynamoDB, S3 and CloudFront.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """One limit.

    Attributes:
        service: Its code in Service Quotas.
        code: Its code there; empty for a limit that no account can change.
        need: What one deployment wants at its defaults; for a fixed limit, the most that it comes to.
        fixed: Its value where it is no account's; None where it is the account's.
        at_it: What Sluice does there, in a few words.
    """

    service: str
    name: str
    need: float
    unit: str
    at_it: str
    code: str = ""
    fixed: float | None = None

    def is_short(self, value: float | None) -> bool:
        """Whether the account has less than is wanted. What is not known is not short."""
        return value is not None and value < self.need


ADJUSTABLE = (
    Quota(
        service="lambda",
        code="L-B99A9384",
        name="Concurrent executions",
        need=60,
        unit="",
        at_it="chunks wait and are tried again; the alarm `throttles` rings",
    ),
    Quota(
        service="lambda",
        code="L-2ACBD22F",
        name="Function and layer storage",
        need=1,
        unit="GB",
        at_it="the deploy fails and is rolled back; delete old layer versions",
    ),
    Quota(
        service="apigateway",
        code="L-8A5B8E43",
        name="Throttle rate",
        need=100,
        unit="requests/s",
        at_it="clients get 429 and try again",
    ),
    Quota(service="s3", code="L-DC2B2D3D", name="General purpose buckets", need=3, unit="", at_it="the deploy fails"),
    Quota(
        service="dynamodb",
        code="L-F98FE922",
        name="Maximum number of tables",
        need=1,
        unit="",
        at_it="the deploy fails",
    ),
    Quota(
        service="cloudfront",
        code="L-24B04930",
        name="Web distributions per account",
        need=1,
        unit="",
        at_it="the deploy fails",
    ),
)
FIXED = (
    Quota(
        service="lambda",
        name="Time of one invocation",
        fixed=900,
        need=900,
        unit="s",
        at_it="a chunk stops in time and another try goes on where it ended",
    ),
    Quota(
        service="lambda",
        name="Payload of a synchronous call",
        fixed=6,
        need=4.5,
        unit="MB",
        at_it="POST /upload refuses with 413; other uploads go to S3 itself",
    ),
    Quota(
        service="lambda",
        name="Disk of a function",
        fixed=10,
        need=8,
        unit="GiB",
        at_it="sources above UploadMaxBytes are refused with 413",
    ),
    Quota(
        service="lambda",
        name="Code and layers, unpacked",
        fixed=250,
        need=250,
        unit="MB",
        at_it="packaging fails before anything is sent",
    ),
    Quota(
        service="states",
        name="Input or output of a state",
        fixed=256,
        need=32,
        unit="KiB",
        at_it="results of chunks are on S3; a Map carries numbers only",
    ),
    Quota(
        service="states",
        name="History of an execution",
        fixed=25_000,
        need=25_000,
        unit="events",
        at_it="many chunks run in a distributed Map, each batch with a history of its own",
    ),
    Quota(
        service="apigateway",
        name="Payload of a REST API",
        fixed=10,
        need=4.5,
        unit="MB",
        at_it="Lambda's limit comes first",
    ),
    Quota(
        service="apigateway",
        name="Time of a REST call",
        fixed=29,
        need=29,
        unit="s",
        at_it="the function ends with it; long work is in state machines",
    ),
    Quota(
        service="s3",
        name="Parts of a multipart upload",
        fixed=10_000,
        need=10_000,
        unit="",
        at_it="parts grow with the size of the file",
    ),
    Quota(service="s3", name="Size of an object", fixed=5, need=5, unit="TB", at_it="far above UploadMaxBytes"),
    Quota(
        service="dynamodb",
        name="Size of an item",
        fixed=400,
        need=400,
        unit="KB",
        at_it="meta is held to 10,000 bytes; plans and receipts are on S3",
    ),
    Quota(
        service="sqs",
        name="Size of a message",
        fixed=256,
        need=256,
        unit="KiB",
        at_it="our own queues carry ids only",
    ),
)


def measured(service_quotas: object, quotas: Iterable[Quota] = ADJUSTABLE) -> list[tuple[Quota, float | None]]:
    """What the account has of each; AWS's default where it was never changed, None where AWS does not say.

    Args:
        service_quotas: A boto3 client of `service-quotas`.
    """
    return [(quota, _value(service_quotas, quota)) for quota in quotas]


def _value(client: object, quota: Quota) -> float | None:
    asked = {"ServiceCode": quota.service, "QuotaCode": quota.code}
    for operation in ("get_service_quota", "get_aws_default_service_quota"):
        try:
            found = getattr(client, operation)(**asked)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchResourceException":
                raise
        else:
            return float(found["Quota"]["Value"])
    return None
