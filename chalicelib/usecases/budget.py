"""What work may cost: a cap for each asset, and a budget for each calendar month (UTC).

Both are held against estimates (`catalog/prices.py`) that grow while the work is done. A cap stops the work of its
asset; what runs beside the worker that found out ends within seconds. A budget that is spent refuses new work and
leaves what is under way alone.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from chalicelib.catalog.events import spend_event
from chalicelib.catalog.prices import cost_of
from chalicelib.catalog.spend import month_of, reached
from chalicelib.errors import CostLimitReached, MonthlyBudgetSpent

if TYPE_CHECKING:
    from chalicelib.aws.table import Table
    from chalicelib.catalog.asset import Asset, Work
    from chalicelib.settings import Settings


def cap_of(asset: Asset, settings: Settings) -> Fraction | None:
    """What the work on an asset may cost: its own cap, or else the deployment's. None for no end."""
    return asset.max_cost_usd if asset.max_cost_usd is not None else settings.max_cost_per_asset_usd


def refuse_over_cap(asset: Asset, work: Work, settings: Settings, *, ahead_usd: Fraction = Fraction(0)) -> None:
    """Raises CostLimitReached if the work has come to the cap.

    Args:
        ahead_usd: What is about to be ordered as a whole.
    """
    cap_usd = cap_of(asset, settings)
    if cap_usd is not None and cost_of(work).total_usd + ahead_usd >= cap_usd:
        raise CostLimitReached(
            f"the work has cost what max_cost_usd allows, {float(cap_usd):g} US dollars", asset_id=asset.id
        )


def refuse_over_budget(table: Table, settings: Settings, *, now_ms: int) -> None:
    """Raises MonthlyBudgetSpent if nothing new may be begun this month."""
    budget_usd = settings.monthly_budget_usd
    if budget_usd is None:
        return
    month = month_of(now_ms)
    if cost_of(table.get_spend(month)).total_usd >= budget_usd:
        raise MonthlyBudgetSpent(f"the budget of {month} is spent; nothing new is begun before the next month")


def tell_budget(table: Table, settings: Settings, *, now_ms: int) -> None:
    """Tell once of each threshold of the month's budget that its bill has come to."""
    budget_usd = settings.monthly_budget_usd
    if budget_usd is None:
        return
    month = month_of(now_ms)
    for spend in reached(month, cost_of(table.get_spend(month)).total_usd, budget_usd):
        table.put_event(spend_event(spend, at_ms=now_ms))
