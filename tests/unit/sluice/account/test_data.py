"""What outlives a stack is known by the merge template, and found again by name."""

from __future__ import annotations

import pytest

from sluice.account.data import is_there, name_outright, retained_by
from sluice.paths import Project
from tests.unit.sluice.account.stubbed import ACCOUNT_ID, Script


def test_table_and_buckets_are_kept_under_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything with DeletionPolicy Retain, named as the stack names it; in the template the names are plain text."""
    kept = retained_by(Project.here(), "sluice-dev", Script(monkeypatch).account)

    assert [str(resource) for resource in kept] == [
        f"bucket sluice-dev-media-{ACCOUNT_ID}",
        f"bucket sluice-dev-source-{ACCOUNT_ID}",
        "table sluice-dev",
    ]
    template = {"Resources": {each.logical_id: {"Properties": {"Other": 1}} for each in kept}}
    named = name_outright(template, kept)["Resources"]
    assert named["Table"]["Properties"] == {"Other": 1, "TableName": "sluice-dev"}
    assert named["MediaBucket"]["Properties"]["BucketName"] == f"sluice-dev-media-{ACCOUNT_ID}"


def test_only_this_accounts_bucket_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bucket is asked for together with its owner; a missing one is not there."""
    script = Script(monkeypatch)
    bucket, _, table = retained_by(Project.here(), "sluice-dev", script.account)
    asked = {"Bucket": bucket.name, "ExpectedBucketOwner": ACCOUNT_ID}
    script.expect("s3", "head_bucket", asked)
    script.refuse("s3", "head_bucket", "404", status=404)
    script.refuse("dynamodb", "describe_table", "ResourceNotFoundException")

    assert is_there(script.account, bucket)
    assert not is_there(script.account, bucket)
    assert not is_there(script.account, table)
    script.finished()
