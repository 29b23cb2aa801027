"""What is wrong with credentials or region is one sentence that says what to do."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from sluice.account.session import AwsRefused, NoAccount, explained, on_loopback, open_account
from sluice.failure import OperatorError


@pytest.fixture(autouse=True)
def _no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def _refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "words of AWS"}}, "CreateChangeSet")


@pytest.mark.parametrize(
    ("raised", "kind", "said"),
    [
        (NoCredentialsError(), NoAccount, "--profile"),
        (_refused("ExpiredToken"), NoAccount, "log in again"),
        (_refused("AccessDenied"), AwsRefused, "may not call CreateChangeSet: words of AWS"),
        (_refused("ValidationError"), AwsRefused, "CreateChangeSet was refused: words of AWS"),
    ],
)
def test_refusals_are_explained(raised: Exception, kind: type[OperatorError], said: str) -> None:
    """Each way to be refused names the call or the remedy."""
    with pytest.raises(kind, match=said), explained():
        raise raised


@pytest.mark.parametrize(
    ("profile", "region", "said"),
    [
        (None, None, "no AWS region: give --region"),
        (None, "eu-nowhere-1", "no region named eu-nowhere-1"),
        (None, "mars-1", "mars-1"),
        ("nobody", "eu-west-1", "profile .nobody. could not be found"),
        (None, "eu-west-1", "no AWS credentials"),
    ],
)
def test_what_is_missing_is_said(profile: str | None, region: str | None, said: str) -> None:
    """Without region, credentials or profile nothing is asked of AWS."""
    with pytest.raises(OperatorError, match=said):
        open_account(profile=profile, region=region)


def test_only_loopback_is_local() -> None:
    """No address but this machine's counts as the local AWS."""
    assert on_loopback("http://127.0.0.1:14566")
    assert on_loopback("http://localhost:1")
    assert not on_loopback("https://sts.eu-west-1.amazonaws.com")
    assert not on_loopback("http://10.0.0.1")
