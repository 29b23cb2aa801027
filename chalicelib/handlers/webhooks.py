"""Routes of webhooks. A secret is in the answer that makes it, and nowhere else."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec
from chalice.app import Response
from msgspec import UNSET, Meta, UnsetType

from chalicelib.catalog.events import EventType, rfc3339
from chalicelib.catalog.ids import DELIVERY_PREFIX, WEBHOOK_PREFIX, is_id
from chalicelib.catalog.webhook import Attempt, Delivery, Webhook, WebhookStatus
from chalicelib.errors import DeliveryNotFound, WebhookNotFound
from chalicelib.handlers.http import Call, json_response, route
from chalicelib.handlers.lists import list_query
from chalicelib.handlers.once import made_once
from chalicelib.handlers.requests import WebhookUrl, invalid, parse_body
from chalicelib.handlers.views import View, page_response
from chalicelib.usecases import webhooks

Types = Annotated[tuple[EventType, ...], Meta(max_length=len(EventType))]
Description = Annotated[str, Meta(max_length=255)]


class WebhookBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /v1/webhooks; no events means: all."""

    url: WebhookUrl
    events: Types = ()
    description: Description | None = None


class WebhookPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """PATCH /v1/webhooks/{id}: what is not there stays as it is."""

    url: WebhookUrl | UnsetType = UNSET
    events: Types | UnsetType = UNSET
    description: Description | UnsetType | None = UNSET
    status: WebhookStatus | UnsetType = UNSET


class _NoStatus(StrEnum):
    """These lists have no filter by status."""


@route("POST", "/v1/webhooks", status=201)
def create_webhook(call: Call) -> Response:
    body = parse_body(call.request, WebhookBody)
    types = _types(body.events)
    table, settings, now_ms = call.services.table, call.services.settings, call.services.clock()

    def make() -> str:
        return webhooks.create_webhook(body.url, types, body.description, table, settings, now_ms=now_ms).id

    webhook = table.get_webhook(made_once(call, "POST /v1/webhooks", make))
    return json_response(_with_secret(webhook), status=201, headers={"Location": f"webhooks/{webhook.id}"})


@route("GET", "/v1/webhooks")
def list_webhooks(call: Call) -> Response:
    asked = list_query(call.request, _NoStatus, WEBHOOK_PREFIX)
    page = call.services.table.list_webhooks(limit=asked.limit, cursor=asked.cursor)
    return page_response([webhook_view(webhook) for webhook in page.items], page.next_cursor, asked.filters)


@route("GET", "/v1/webhooks/{webhook_id}")
def get_webhook(call: Call, webhook_id: str) -> View:
    return webhook_view(call.services.table.get_webhook(_checked(webhook_id)))


@route("PATCH", "/v1/webhooks/{webhook_id}")
def change_webhook(call: Call, webhook_id: str) -> View:
    body = parse_body(call.request, WebhookPatch)
    of = call.services
    types = body.events if body.events is UNSET else _types(body.events)
    wish = webhooks.WebhookWish(url=body.url, types=types, description=body.description, status=body.status)
    return webhook_view(webhooks.change_webhook(_checked(webhook_id), wish, of.table, of.settings, now_ms=of.clock()))


@route("DELETE", "/v1/webhooks/{webhook_id}", status=200)
def delete_webhook(call: Call, webhook_id: str) -> View:
    table = call.services.table
    table.get_webhook(_checked(webhook_id))
    table.delete_webhook(webhook_id)
    return {"id": webhook_id, "deleted": True}


@route("POST", "/v1/webhooks/{webhook_id}/rotate", status=201)
def rotate_webhook(call: Call, webhook_id: str) -> View:
    table, now_ms = call.services.table, call.services.clock()
    _checked(webhook_id)

    def make() -> str:
        return webhooks.rotate_secret(webhook_id, table, now_ms=now_ms).id

    return _with_secret(table.get_webhook(made_once(call, f"POST /v1/webhooks/{webhook_id}/rotate", make)))


@route("POST", "/v1/webhooks/{webhook_id}/ping", status=202)
def ping_webhook(call: Call, webhook_id: str) -> View:
    of = call.services
    return delivery_view(webhooks.ping_webhook(_checked(webhook_id), of.table, now_ms=of.clock()))


@route("GET", "/v1/webhooks/{webhook_id}/deliveries")
def list_deliveries(call: Call, webhook_id: str) -> Response:
    table = call.services.table
    table.get_webhook(_checked(webhook_id))
    asked = list_query(call.request, _NoStatus, DELIVERY_PREFIX)
    page = table.list_deliveries(webhook_id, limit=asked.limit, cursor=asked.cursor)
    return page_response([delivery_view(delivery) for delivery in page.items], page.next_cursor, asked.filters)


@route("POST", "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay", status=202)
def replay_delivery(call: Call, webhook_id: str, delivery_id: str) -> View:
    of = call.services
    if not is_id(delivery_id, DELIVERY_PREFIX):
        raise DeliveryNotFound("there is no such delivery")
    delivery = webhooks.replay_delivery(_checked(webhook_id), delivery_id, of.table, of.outlets, now_ms=of.clock())
    return delivery_view(delivery)


def webhook_view(webhook: Webhook) -> View:
    return {
        "id": webhook.id,
        "url": webhook.url,
        "events": list(webhook.types),
        "description": webhook.description,
        "status": webhook.status,
        "disabled_because": webhook.disabled_because,
        "failing_since": _time(webhook.failing_since_ms),
        "old_secret_until": _time(webhook.old_secret_until_ms),
        "render_id": webhook.render_id,
        "created_at": rfc3339(webhook.created_at_ms),
        "updated_at": rfc3339(webhook.updated_at_ms),
    }


def delivery_view(delivery: Delivery) -> View:
    return {
        "id": delivery.id,
        "webhook_id": delivery.webhook_id,
        "event_id": delivery.event_id,
        "type": delivery.type,
        "status": delivery.status,
        "replays": delivery.replays,
        "next_attempt_at": _time(delivery.due_at_ms),
        "attempts": [_attempt_view(attempt) for attempt in delivery.log],
        "created_at": rfc3339(delivery.created_at_ms),
        "updated_at": rfc3339(delivery.updated_at_ms),
    }


def _attempt_view(attempt: Attempt) -> View:
    return {
        "number": attempt.number,
        "at": rfc3339(attempt.at_ms),
        "duration_ms": attempt.duration_ms,
        "status_code": attempt.status_code,
        "error": attempt.error,
    }


def _with_secret(webhook: Webhook) -> View:
    return {**webhook_view(webhook), "secret": webhook.secret}


def _time(at_ms: int | None) -> str | None:
    return None if at_ms is None else rfc3339(at_ms)


def _types(asked: tuple[EventType, ...]) -> tuple[EventType, ...]:
    if EventType.PING in asked:
        raise invalid("body", "/events", "Expected types other than ping, which is sent on request only")
    return tuple(kind for kind in EventType if kind in asked)


def _checked(webhook_id: str) -> str:
    if not is_id(webhook_id, WEBHOOK_PREFIX):
        raise WebhookNotFound("there is no such webhook")
    return webhook_id
