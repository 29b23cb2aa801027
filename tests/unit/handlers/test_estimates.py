"""The route of estimates, and caps on the wire."""

from __future__ import annotations

from fractions import Fraction

import pytest

from chalicelib.catalog.asset import AssetStatus
from tests.unit.catalog.samples import ASSET_ID, an_asset
from tests.unit.handlers.conftest import Api


def test_an_estimate_names_both_encoders(api: Api) -> None:
    """With what they pay for, and since when the prices hold."""
    shown = api("POST", "/v1/estimates", {"duration": 93.4, "height": 1080, "fps": 30}).json_body
    assert [each["encoder"] for each in shown["estimates"]] == ["lambda", "mediaconvert"]
    assert shown["estimates"][0]["usd"] > 0
    assert (shown["ladder"], shown["currency"]) == ([1080, 720, 480, 360], "USD")
    assert (shown["region"], shown["price_region"]) == (
        "us-east-1",
        {"lambda": "us-east-1", "mediaconvert": "us-east-1"},
    )
    one = api("POST", "/v1/estimates", {"duration": 93.4, "encoder": "auto"}).json_body
    assert [each["encoder"] for each in one["estimates"]] == [one["cheaper"]]


@pytest.mark.parametrize("body", [{}, {"duration": 0}, {"duration": 1, "fps": 1000}, {"duration": 1, "x": 1}])
def test_a_wrong_estimate_is_refused(api: Api, body: dict[str, object]) -> None:
    """By the field that is wrong."""
    assert api("POST", "/v1/estimates", body).status_code == 422


def test_a_cap_is_kept_to_the_digit(api: Api) -> None:
    """As it was written, and shown with the asset."""
    made = api("POST", "/v1/uploads", {"filename": "a", "size": 5, "asset": {"max_cost_usd": 0.1}}).json_body
    assert api.desk.table.get_asset(made["asset_id"]).max_cost_usd == Fraction(1, 10)
    assert api("GET", f"/v1/assets/{made['asset_id']}").json_body["max_cost_usd"] == 0.1
    assert api("POST", "/v1/uploads", {"filename": "a", "size": 5, "asset": {"max_cost_usd": 0}}).status_code == 422


def test_a_retry_at_the_cap_is_402(api: Api) -> None:
    """Until the cap is higher."""
    asset = an_asset(status=AssetStatus.ERRORED, max_cost_usd=Fraction("0.01"))
    api.desk.table.create_asset(asset)
    api.desk.objects.write("source", asset.source_key, b"hello", content_type="video/mp4")
    api.desk.table.add_work(ASSET_ID, transitions=400, now_ms=api.desk.clock())
    refused = api("POST", f"/v1/assets/{ASSET_ID}/retry")
    assert (refused.status_code, refused.json_body["code"]) == (402, "cost-limit-reached")
    again = api("POST", f"/v1/assets/{ASSET_ID}/retry", {"max_cost_usd": 0.02})
    assert (again.status_code, again.json_body["max_cost_usd"]) == (202, 0.02)
