"""The Notify and Deliver functions: from committed events to those who want to know.

Notify takes an event from the events queue and sends it everywhere; Deliver makes one attempt at one webhook for each
message of the webhook queue, one message an invocation. The queues' names here are placeholders; the merge template
names the stack's own and turns ReportBatchItemFailures on.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from chalice.app import Blueprint, SQSEvent

from chalicelib.aws.outlets import parse_delivery_message, parse_event_message
from chalicelib.catalog.asset import Asset
from chalicelib.catalog.events import Event
from chalicelib.catalog.render import Render
from chalicelib.catalog.rendition import StaticRendition
from chalicelib.catalog.spend import MonthlySpend
from chalicelib.catalog.track import CaptionTrack
from chalicelib.catalog.upload import Upload
from chalicelib.catalog.webhook import Ping
from chalicelib.handlers import wiring
from chalicelib.handlers.batches import BatchAnswer, each_message
from chalicelib.handlers.entry import lambda_entry
from chalicelib.handlers.measures import measure_event
from chalicelib.handlers.render_views import render_view
from chalicelib.handlers.triggers import stack_queue
from chalicelib.handlers.views import View, asset_view, static_rendition_view, track_view, upload_view, usd
from chalicelib.usecases.asset_settings import media_base_url
from chalicelib.usecases.deliver import deliver as deliver_once
from chalicelib.usecases.notify import notify as notify_all
from chalicelib.usecases.renditions import static_renditions
from chalicelib.usecases.vod_record import vod_record_of

blueprint = Blueprint(__name__)


@blueprint.on_sqs_message(queue=stack_queue("events"), batch_size=10, maximum_concurrency=10)
@lambda_entry("notify")
def notify(event: SQSEvent) -> BatchAnswer:
    return each_message(event, _notify)


@blueprint.on_sqs_message(queue=stack_queue("webhooks"), batch_size=1, maximum_concurrency=50)
@lambda_entry("deliver")
def deliver(event: SQSEvent) -> BatchAnswer:
    return each_message(event, _deliver)


def _notify(body: str) -> None:
    of = wiring.services()
    notify_all(parse_event_message(body).event_id, _show, _vod_record, of.table, of.outlets, now_ms=of.clock())


def _deliver(body: str) -> None:
    of = wiring.services()
    message = parse_delivery_message(body)
    deliver_once(message, of.send_webhook, of.table, of.outlets, of.settings, clock=of.clock, chance=random.random)


def _show(event: Event) -> View:
    view = SHOWN[type(event.subject)](event.subject)
    # Here, because a body is made once for each event, unless its worker dies of it.
    measure_event(event, view)
    return view


def _vod_record(event: Event) -> View | None:
    settings = wiring.services().settings
    asset = event.subject
    return vod_record_of(asset, settings) if settings.notify_as_vod and isinstance(asset, Asset) else None


def _asset(asset: Asset) -> View:
    of = wiring.services()
    made = static_renditions([asset], of.table)[asset.id]
    work = of.table.get_progress(asset.id, asset.plan_hash)
    return asset_view(asset, work, made, media_base_url(asset.options, of.settings))


def _rendition(rendition: StaticRendition) -> View:
    return static_rendition_view(rendition, _base_url(rendition.asset_id))


def _track(track: CaptionTrack) -> View:
    return track_view(track, _base_url(track.asset_id))


def _base_url(asset_id: str) -> str:
    of = wiring.services()
    return media_base_url(of.table.get_asset(asset_id).options, of.settings)


def _render(render: Render) -> View:
    """Without a URL of its output: that would be signed."""
    return render_view(render, wiring.services().table.get_progress(render.id, render.plan_hash), None)


def _spend(spend: MonthlySpend) -> View:
    return {
        "month": spend.id,
        "threshold_percent": spend.threshold_percent,
        "spent_usd": usd(spend.spent_usd),
        "budget_usd": usd(spend.budget_usd),
    }


def _ping(ping: Ping) -> View:
    return {"webhook_id": ping.id}


SHOWN: dict[type, Callable[[Any], View]] = {
    Asset: _asset,
    StaticRendition: _rendition,
    CaptionTrack: _track,
    Render: _render,
    MonthlySpend: _spend,
    Upload: upload_view,
    Ping: _ping,
}
"""How each record that events are about is shown: as the API shows it. What is signed is not in these views."""
