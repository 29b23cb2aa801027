"""An archived source, on the deployed stack: the API's own policy must let it be asked back."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace

from chalicelib.aws.table import Table
from chalicelib.catalog.asset import AssetStatus, awaited
from chalicelib.catalog.ids import ASSET_PREFIX, ENTROPY_BYTES, new_id
from chalicelib.catalog.options import Archive
from tests.e2e.conftest import LocalAws


def test_an_archived_source_is_asked_back(local_aws: LocalAws, records: Table) -> None:
    """S3 is told to restore the object, which it has in an archive."""
    now_ms = time.time_ns() // 1_000_000
    asset_id = new_id(ASSET_PREFIX, now_ms, secrets.token_bytes(ENTROPY_BYTES))
    bucket, key = local_aws.source_bucket, f"named/{asset_id}.mp4"
    local_aws.clients.s3.put_object(Bucket=bucket, Key=key, Body=b"cold", StorageClass="GLACIER")
    errored = replace(awaited(asset_id, bucket, key, now_ms), status=AssetStatus.ERRORED, archive=Archive.GLACIER)
    records.create_asset(errored)
    asked = local_aws.api("POST", f"/v1/assets/{asset_id}/restore", json={"days": 1, "tier": "Standard"})
    assert asked.status_code == 202, asked.text
    assert local_aws.clients.s3.head_object(Bucket=bucket, Key=key).get("Restore")
