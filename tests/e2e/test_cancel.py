"""A cancelled asset costs nothing more: its encoders end within seconds, and nothing of them is left."""

from __future__ import annotations

import json
import time
from pathlib import Path

from tests.e2e.clips import clip
from tests.e2e.conftest import LocalAws

_STILL_S = 6


def test_cancelling_ends_encoders_at_once(local_aws: LocalAws, tmp_path: Path) -> None:
    """In mid-encode: seconds later no worker adds to the bill, the media bucket is empty of it, and it stays so."""
    video = clip(tmp_path / "clip.mp4", seconds=60, size="1280x720")
    asset_id = json.loads(local_aws.sluice("upload", str(video), "--json").stdout)["id"]
    _await_encoders(local_aws, asset_id)
    cancelled = json.loads(local_aws.sluice("assets", "cancel", asset_id, "--json").stdout)
    assert cancelled["status"] == "cancelled"
    bill = _await_stillness(local_aws, asset_id)
    s3 = local_aws.clients.s3
    media = local_aws.source_bucket.replace("-source-", "-media-")
    for prefix in (f"media/{asset_id}/", f"media/early/{asset_id}/"):
        assert s3.list_objects_v2(Bucket=media, Prefix=prefix).get("KeyCount") == 0
    assert s3.list_objects_v2(Bucket=local_aws.source_bucket, Prefix=f"renders/{asset_id}/").get("KeyCount") == 0
    again = local_aws.api("POST", f"/v1/assets/{asset_id}/cancel").raise_for_status().json()
    assert (again["status"], again["cost"]["accrued_usd"]) == ("cancelled", bill)
    assert again["progress"]["chunks_done"] < again["progress"]["chunks_total"]


def _await_encoders(local_aws: LocalAws, asset_id: str) -> None:
    """Until chunks are under way: the plan has put its own work on the bill by then."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if local_aws.api("GET", f"/v1/assets/{asset_id}").json()["progress"]["state"] == "encoding":
            time.sleep(1)
            return
        time.sleep(0.1)
    raise AssertionError("the encode did not begin")


def _await_stillness(local_aws: LocalAws, asset_id: str) -> float:
    """The bill, once it has not changed for a while."""
    until, since, bill = time.monotonic() + 60, time.monotonic(), -1.0
    while time.monotonic() < until:
        now = float(local_aws.api("GET", f"/v1/assets/{asset_id}").json()["cost"]["accrued_usd"])
        if now != bill:
            bill, since = now, time.monotonic()
        elif time.monotonic() - since > _STILL_S:
            return bill
        time.sleep(0.5)
    raise AssertionError("the bill of a cancelled asset still grows")
