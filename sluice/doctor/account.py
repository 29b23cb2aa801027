"""The account of a stage: where it is, whether the clocks agree, whether its quotas are enough."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from sluice.account.session import Account
from sluice.doctor.finding import Check, Status, failed, ok, warning
from sluice.quotas import Quota, measured

# SigV4 is refused beyond five minutes; presigned URLs and webhooks suffer earlier.
_REFUSED_S, _NOTICED_S = 300.0, 30.0
Found = tuple[Status, str, str]


def checks(account: Account) -> list[Check]:
    return [
        Check("region", lambda: region(account)),
        Check("clock", lambda: clock(account, lambda: datetime.now(UTC))),
        Check("quotas", lambda: quotas(measured(account.client("service-quotas")))),
    ]


def region(account: Account) -> Found:
    if account.is_local:
        return warning("AWS_ENDPOINT_URL points at this machine", "unset AWS_ENDPOINT_URL for an account")
    return ok(account.region)


def clock(account: Account, now: Callable[[], datetime]) -> Found:
    """By the Date of AWS's answer, which has whole seconds."""
    answer = account.client("sts").get_caller_identity()
    date = answer["ResponseMetadata"].get("HTTPHeaders", {}).get("date")
    if date is None:
        return Status.SKIPPED, "AWS's answer has no date", ""
    off_s = abs((now() - parsedate_to_datetime(date)).total_seconds())
    said = f"{off_s:.0f} s from AWS's"
    remedy = "set the clock: timedatectl set-ntp true"
    if off_s >= _REFUSED_S:
        return failed(said, remedy)
    return ok(said) if off_s < _NOTICED_S else warning(said, remedy)


def quotas(found: list[tuple[Quota, float | None]]) -> Found:
    small = [f"{quota.name} is {value:g}, {quota.need:g} are wanted" for quota, value in found if quota.is_short(value)]
    if small:
        return warning("; ".join(small), "ask for more in the console of Service Quotas; see: sluice quotas")
    known = sum(value is not None for _, value in found)
    return ok(f"{known} of {len(found)} are known and enough") if known else (Status.SKIPPED, "none is known", "")
