"""The Cleanup function: what time brings about. Once a minute, each time a bounded amount of work."""

from __future__ import annotations

from chalice.app import Blueprint, CloudWatchEvent, Rate

from chalicelib.handlers import wiring
from chalicelib.handlers.entry import lambda_entry
from chalicelib.usecases.budget import tell_budget
from chalicelib.usecases.cleanup import clean_up
from chalicelib.usecases.notify import sweep

blueprint = Blueprint(__name__)


@blueprint.schedule(Rate(1, unit=Rate.MINUTES))
@lambda_entry("cleanup")
def cleanup(_event: CloudWatchEvent) -> None:
    of = wiring.services()
    tell_budget(of.table, of.settings, now_ms=of.clock())
    sweep(of.table, of.outlets, now_ms=of.clock())
    clean_up(of.objects, of.table, of.queues, of.workflows, of.tools, of.settings, now_ms=of.clock())
