"""What ends an encoder that nobody wants any more."""

from __future__ import annotations

import time
from fractions import Fraction

import pytest

from chalicelib.catalog.asset import AssetChange, AssetStatus
from chalicelib.errors import CostLimitReached, WorkSuperseded
from chalicelib.usecases.plan import PREPARING
from chalicelib.usecases.progress import Meter, metered
from chalicelib.usecases.watch import LOOK_EVERY_S, AssetWatch
from tests.unit.usecases.studio import Studio


def _meter(started_s: float = 0.0) -> Meter:
    return Meter(memory_mb=1024, started_s=started_s)


def test_a_watch_looks_now_and_then(studio: Studio) -> None:
    """Not at every call; but once its time has come, it raises for an asset that was given up."""
    now_s = 0.0
    watch = AssetWatch(studio.asset.id, studio.table, studio.settings, _meter(), studio.clock, lambda: now_s)
    watch.look()
    studio.end(AssetStatus.CANCELLED)
    watch.look()
    now_s = LOOK_EVERY_S
    with pytest.raises(WorkSuperseded):
        watch.look()


def test_a_watch_bills_what_runs(studio: Studio) -> None:
    """Each look puts the time since the last one on the bill of the asset and of its month, and none of it twice."""
    meter = _meter()
    watch = AssetWatch(studio.asset.id, studio.table, studio.settings, meter, studio.clock)
    watch.look()
    first = studio.table.get_progress(studio.asset.id, None).lambda_mb_ms
    assert first > 0
    with metered(studio.asset.id, studio.table, memory_mb=1024, clock=studio.clock) as outer:
        outer.started_s, outer._taken_ms = meter.started_s, meter._taken_ms
    bill = studio.table.get_progress(studio.asset.id, None).lambda_mb_ms
    assert first <= bill <= meter.billed_ms() * 1024
    assert studio.table.get_spend("2027-01").lambda_mb_ms == bill


def test_a_watch_ends_what_costs_too_much(studio: Studio) -> None:
    """At the asset's own cap, while the encoder runs."""
    change = AssetChange(max_cost_usd=Fraction(1, 10**9))
    studio.table.update_asset(studio.asset.id, change, expect=PREPARING, now_ms=studio.clock())
    watch = AssetWatch(studio.asset.id, studio.table, studio.settings, _meter(), studio.clock)
    with pytest.raises(CostLimitReached):
        watch.look()


def test_workers_at_once_share_a_cap(studio: Studio) -> None:
    """Each alone is below it; the one whose look brings the bill to it ends, and so does every one after."""
    change = AssetChange(max_cost_usd=Fraction("0.000025"))  # one and a half GB-seconds
    studio.table.update_asset(studio.asset.id, change, expect=PREPARING, now_ms=studio.clock())
    watches = [
        AssetWatch(studio.asset.id, studio.table, studio.settings, Meter(1024, time.monotonic() - 1), studio.clock)
        for _ in range(3)
    ]
    watches[0].look()
    for watch in watches[1:]:
        with pytest.raises(CostLimitReached):
            watch.look()
