"""A cap on what an asset may cost stops its work, and a higher one lets it go on."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.e2e.clips import clip
from tests.e2e.conftest import LocalAws


def test_work_stops_at_the_cap_and_goes_on_with_a_higher_one(local_aws: LocalAws, tmp_path: Path) -> None:
    """Errored with the code of the cap and a bill beside it; refused at the same cap; ready with enough."""
    video = clip(tmp_path / "clip.mp4", seconds=20)
    body = {"filename": "clip.mp4", "size": video.stat().st_size, "asset": {"max_cost_usd": 0.00005}}
    upload = local_aws.api("POST", "/v1/uploads", json=body).raise_for_status().json()
    for part in upload.get("parts") or [upload]:
        httpx.put(part["url"], content=video.read_bytes(), timeout=60).raise_for_status()
    local_aws.api("POST", f"/v1/uploads/{upload['id']}/complete", json={})
    asset = local_aws.settled(upload["asset_id"])
    assert [error["code"] for error in asset["errors"]] == ["cost-limit-reached"]
    assert asset["cost"]["accrued_usd"] >= 0.00005

    again = f"/v1/assets/{asset['id']}/retry"
    assert local_aws.api("POST", again).json()["code"] == "cost-limit-reached"
    local_aws.api("POST", again, json={"max_cost_usd": 1}).raise_for_status()
    ready = local_aws.settled(asset["id"])
    assert (ready["status"], ready["attempt"], ready["max_cost_usd"]) == ("ready", 2, 1)
    assert ready["cost"]["accrued_usd"] > asset["cost"]["accrued_usd"]
