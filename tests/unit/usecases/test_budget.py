"""Caps of assets and the budget of a month."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from chalicelib.catalog.asset import AssetStatus, Work
from chalicelib.catalog.prices import cost_of
from chalicelib.errors import CostLimitReached, MonthlyBudgetSpent
from chalicelib.usecases.assets import retry_asset
from chalicelib.usecases.budget import cap_of, refuse_over_budget, refuse_over_cap, tell_budget
from chalicelib.usecases.ingest import ingest_source
from chalicelib.usecases.record_failure import FailedWork, record_failure
from chalicelib.usecases.upload import NewUpload, open_upload
from tests.fakes import settings
from tests.unit.catalog.samples import an_asset
from tests.unit.usecases.desk import Desk

CENT = Work(transitions=400)
"""What 400 transitions cost: one cent."""


def _spent(desk: Desk, **work: Any) -> Desk:
    desk.table.add_work(an_asset().id, transitions=400, now_ms=desk.clock(), **work)
    return desk


def test_a_cent_is_a_cent() -> None:
    """The sample of this file costs what it says."""
    assert cost_of(CENT).total_usd == Fraction("0.01")


def test_an_assets_own_cap_counts_first() -> None:
    """Then the deployment's; without either there is no end."""
    deployment = settings(max_cost_per_asset_usd=Fraction(1))
    assert cap_of(an_asset(max_cost_usd=Fraction(2)), deployment) == 2
    assert cap_of(an_asset(), deployment) == 1
    assert cap_of(an_asset(), settings()) is None
    refuse_over_cap(an_asset(), CENT, settings())


@pytest.mark.parametrize(
    ("cap", "ahead", "allowed"), [("0.02", "0", True), ("0.01", "0", False), ("0.02", "0.01", False)]
)
def test_work_stops_at_the_cap(cap: str, ahead: str, allowed: bool) -> None:
    """What is about to be ordered counts as spent."""
    asset = an_asset(max_cost_usd=Fraction(cap))
    if allowed:
        refuse_over_cap(asset, CENT, settings(), ahead_usd=Fraction(ahead))
        return
    with pytest.raises(CostLimitReached, match=cap):
        refuse_over_cap(asset, CENT, settings(), ahead_usd=Fraction(ahead))


def test_a_retry_needs_a_higher_cap() -> None:
    """What has been spent stays spent; with more allowed the asset goes on, and keeps the new cap."""
    desk = _spent(Desk())
    asset = an_asset(status=AssetStatus.ERRORED, max_cost_usd=Fraction("0.01"))
    desk.table.create_asset(asset)
    desk.objects.write("source", asset.source_key, b"hello", content_type="video/mp4")
    of = (desk.objects, desk.table, desk.queues, desk.tools, desk.settings)
    with pytest.raises(CostLimitReached):
        retry_asset(asset.id, *of, now_ms=desk.clock())
    again = retry_asset(asset.id, *of, now_ms=desk.clock(), max_cost_usd=Fraction("0.02"))
    assert (again.status, again.max_cost_usd) == (AssetStatus.PREPARING, Fraction("0.02"))


def test_a_spent_month_begins_nothing() -> None:
    """An upload is refused, and an object that comes by itself becomes an errored asset; the next month is new."""
    desk = _spent(Desk(monthly_budget_usd=Fraction("0.01")))
    with pytest.raises(MonthlyBudgetSpent):
        open_upload(NewUpload("a.mp4", "video/mp4"), desk.objects, desk.table, desk.settings, now_ms=desk.clock())
    desk.objects.write("source", "uploads/by-hand.mp4", b"hello", content_type="video/mp4")
    asset = ingest_source(
        desk.objects,
        desk.table,
        desk.queues,
        desk.tools,
        desk.settings,
        bucket="source",
        key="uploads/by-hand.mp4",
        now_ms=desk.clock(),
    )
    assert [error.code for error in asset.errors] == ["monthly-budget-spent"]
    assert desk.queues.sent == []
    refuse_over_budget(desk.table, desk.settings, now_ms=desk.clock() + 31 * 24 * 3600 * 1000)


def test_every_bill_is_on_the_month() -> None:
    """Time, transitions and jobs of every asset and render, added up."""
    desk = _spent(Desk(), billed_ms=10, memory_mb=1024)
    desk.table.add_work("re_x", mediaconvert_microusd=7, now_ms=desk.clock())
    desk.table.mark_task_done(an_asset().id, "0" * 64, 0, billed_ms=5, memory_mb=1024, now_ms=desk.clock())
    spend = desk.table.get_spend("2027-01")
    assert (spend.lambda_mb_ms, spend.transitions, spend.mediaconvert_microusd) == (15 * 1024, 400, 7)


def test_each_threshold_is_told_once() -> None:
    """At 80 percent one event, at 100 another, however often the schedule looks."""
    desk = _spent(Desk(monthly_budget_usd=Fraction("0.0125")))
    for _ in range(2):
        tell_budget(desk.table, desk.settings, now_ms=desk.clock())
    assert len(set(desk.table.told)) == 1
    _spent(desk)
    tell_budget(desk.table, desk.settings, now_ms=desk.clock() + 60_000)
    stored = [desk.table.find_event(event_id) for event_id in dict.fromkeys(desk.table.told)]
    assert [each.event.type for each in stored if each] == ["cost.threshold_reached"] * 2
    assert {each.event.subject.threshold_percent for each in stored if each} == {80, 100}  # type: ignore[attr-defined]


def test_an_asset_that_ends_at_its_cap_tells_of_it() -> None:
    """Beside its error, and under the same attempt."""
    desk = Desk()
    desk.table.create_asset(an_asset(errors=()))
    desk.table.told.clear()
    record_failure(FailedWork(an_asset().id), "CostLimitReached", "", desk.table, now_ms=desk.clock())
    found = [desk.table.find_event(event_id) for event_id in desk.table.told]
    assert [each.event.type for each in found if each] == ["asset.errored", "cost.threshold_reached"]
