"""`sluice quotas`: the limits of AWS, what Sluice wants of them, what it does there, and what the account has."""

from __future__ import annotations

import json

import click
from rich.console import Console
from rich.table import Table

from sluice.account.session import open_account
from sluice.flags import LOCAL, chosen
from sluice.quotas import ADJUSTABLE, FIXED, Quota, measured

_PAGE = "docs/limits.md"


@click.command("quotas")
def quotas_verb() -> None:
    """Limits of AWS against what is needed. With --stage the account is asked for its own."""
    flags = chosen()
    rows: list[tuple[Quota, float | None]] = [(quota, None) for quota in ADJUSTABLE]
    if flags.stage not in (None, LOCAL):
        rows = measured(open_account(profile=flags.profile, region=flags.region).client("service-quotas"))
    rows += [(quota, quota.fixed) for quota in FIXED]
    if flags.as_json:
        click.echo(json.dumps([_document(quota, value) for quota, value in rows], indent=2))
        return
    table = Table("service", "limit", "value", "needed", "what happens there", box=None)
    for quota, value in rows:
        mark = "  TOO LITTLE" if quota.is_short(value) else ""
        shown = "?" if value is None else f"{value:g} {quota.unit}".strip()
        table.add_row(quota.service, quota.name, shown + mark, f"{quota.need:g} {quota.unit}".strip(), quota.at_it)
    console = Console()
    if not console.is_terminal:
        console.width = 200
    console.print(table)
    if not flags.quiet:
        click.echo(f"more in {_PAGE}; ? is the account's: sluice quotas --stage dev", err=True)


def _document(quota: Quota, value: float | None) -> dict[str, object]:
    return {
        "service": quota.service,
        "name": quota.name,
        "code": quota.code or None,
        "unit": quota.unit,
        "value": value,
        "need": quota.need,
        "enough": None if value is None else not quota.is_short(value),
        "adjustable": bool(quota.code),
        "at_the_limit": quota.at_it,
    }


VERBS: tuple[click.Command, ...] = (quotas_verb,)
