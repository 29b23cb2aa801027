"""The bucket of artifacts is ours, private, and made once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sluice.account.artifacts import Artifacts
from sluice.account.session import AwsRefused
from sluice.report import Report
from tests.unit.sluice.account.stubbed import ACCOUNT_ID, Script

_BUCKET = f"sluice-artifacts-{ACCOUNT_ID}-eu-west-1"
_ALL_BLOCKED = {
    "BlockPublicAcls": True,
    "BlockPublicPolicy": True,
    "IgnorePublicAcls": True,
    "RestrictPublicBuckets": True,
}


def test_a_missing_bucket_is_made_in_the_region_and_kept_private(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first deploy makes it where the stack is, closed to the public and to what is not TLS."""
    script = Script(monkeypatch)
    script.refuse("s3", "head_bucket", "404", status=404)
    where = {"LocationConstraint": "eu-west-1"}
    script.expect("s3", "create_bucket", {"Bucket": _BUCKET, "CreateBucketConfiguration": where})
    blocked = {"Bucket": _BUCKET, "PublicAccessBlockConfiguration": _ALL_BLOCKED}
    script.expect("s3", "put_public_access_block", blocked)
    policy = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{_BUCKET}", f"arn:aws:s3:::{_BUCKET}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    said = json.dumps({"Version": "2012-10-17", "Statement": [policy]})
    script.expect("s3", "put_bucket_policy", {"Bucket": _BUCKET, "Policy": said})

    assert Artifacts(script.account, "sluice-dev").ensure_bucket()
    script.finished()


def test_us_east_1_is_not_named_in_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 refuses that one region as a location."""
    script = Script(monkeypatch, region="us-east-1")
    script.refuse("s3", "head_bucket", "404", status=404)
    script.expect("s3", "create_bucket", {"Bucket": f"sluice-artifacts-{ACCOUNT_ID}-us-east-1"})
    script.expect("s3", "put_public_access_block", None)
    script.expect("s3", "put_bucket_policy", None)

    assert Artifacts(script.account, "sluice-dev").ensure_bucket()
    script.finished()


def test_somebody_elses_bucket_is_never_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner is asked for with the name, and another one ends the deploy."""
    script = Script(monkeypatch)
    script.refuse("s3", "head_bucket", "403", status=403)

    with pytest.raises(AwsRefused, match="another account's"):
        Artifacts(script.account, "sluice-dev").ensure_bucket()


def test_what_is_there_is_not_uploaded_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file whose digest is in the bucket is only named; the template that was given stays as it was."""
    (tmp_path / "deployment.zip").write_bytes(b"code")
    template: dict[str, Any] = {
        "Resources": {"Ingest": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "./deployment.zip"}}}
    }
    script = Script(monkeypatch)
    key = "sluice-dev/5694d08a2e53ffcae0c3103e5ad6f607/deployment.zip"
    script.expect("s3", "head_object", {"Bucket": _BUCKET, "Key": key}, {})

    uploaded = Artifacts(script.account, "sluice-dev").upload_files(template, tmp_path, Report(quiet=True))

    assert uploaded["Resources"]["Ingest"]["Properties"]["CodeUri"] == f"s3://{_BUCKET}/{key}"
    assert template["Resources"]["Ingest"]["Properties"]["CodeUri"] == "./deployment.zip"
    script.finished()
