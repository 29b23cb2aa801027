"""The limits of AWS: the account's own value, AWS's default, or that it is not known."""

from __future__ import annotations

from pathlib import Path

import pytest

from sluice.paths import Project
from sluice.quotas import ADJUSTABLE, FIXED, measured
from tests.unit.sluice.account.stubbed import Script


def test_the_accounts_value_comes_before_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quota that was never changed has AWS's default; one that AWS does not know is unknown."""
    script = Script(monkeypatch)
    first, second, third = ADJUSTABLE[:3]
    script.expect(
        "service-quotas",
        "get_service_quota",
        {"ServiceCode": first.service, "QuotaCode": first.code},
        {"Quota": {"Value": 10.0}},
    )
    for quota in (second, third):
        script.refuse("service-quotas", "get_service_quota", "NoSuchResourceException")
        if quota is second:
            asked = {"ServiceCode": quota.service, "QuotaCode": quota.code}
            script.expect("service-quotas", "get_aws_default_service_quota", asked, {"Quota": {"Value": 75.0}})
        else:
            script.refuse("service-quotas", "get_aws_default_service_quota", "NoSuchResourceException")
    found = measured(script.client("service-quotas"), ADJUSTABLE[:3])
    assert [value for _, value in found] == [10.0, 75.0, None]
    assert [quota.is_short(value) for quota, value in found] == [True, False, False]
    script.finished()


def test_the_page_of_limits_names_each_and_modules_that_exist() -> None:
    """A limit without a line, or a line about a module that is gone, is a gap."""
    page = (Project.here().root / "docs" / "limits.md").read_text()
    for quota in (*ADJUSTABLE, *FIXED):
        assert f"| {quota.name} |" in page, quota.name
    named = [word.strip("`") for word in page.replace("(", " ").replace(")", " ").split() if word.startswith("`")]
    paths = [word.rstrip("`,.;") for word in named if "/" in word and word.rstrip("`,.;").endswith((".py", ".json"))]
    assert len(paths) > 10
    for path in paths:
        assert (Project.here().root / Path(path)).exists(), path


def test_no_fixed_limit_is_exceeded_by_need() -> None:
    """What we come to at most is within what AWS gives."""
    assert all(quota.fixed is not None and quota.need <= quota.fixed for quota in FIXED)
