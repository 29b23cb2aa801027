"""The bill of an asset says where its work was done, because prices are by region."""

from __future__ import annotations

import pytest

from chalicelib.catalog.prices import cost_of
from tests.fakes import NOW_MS, FakeTable


def test_a_bill_is_of_the_region_of_its_function(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lambda tells every function its region in the environment; nothing noted yet is nothing, there too."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "sa-east-1")
    table = FakeTable()
    assert table.get_progress("as_1", None).region == "sa-east-1"
    bill = table.add_work("as_1", transitions=1000, now_ms=NOW_MS)
    assert float(cost_of(bill).total_usd) == 0.0375
    assert table.get_spend("2000-01").region == "sa-east-1"
