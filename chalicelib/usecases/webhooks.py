"""Webhooks as their owner handles them: make, change, rotate, test, and replay what was sent."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from msgspec import UNSET, UnsetType

from chalicelib.aws.webhooks import MAX_WEBHOOKS
from chalicelib.catalog.events import EventType, event
from chalicelib.catalog.ids import ENTROPY_BYTES, WEBHOOK_PREFIX, new_id
from chalicelib.catalog.signature import SECRET_BYTES, secret_of
from chalicelib.catalog.target import UnfitTarget, parse_target
from chalicelib.catalog.webhook import (
    BOUND_S,
    ROTATION_MS,
    Delivery,
    DeliveryStatus,
    Ping,
    Webhook,
    WebhookChange,
    WebhookStatus,
    new_delivery,
)
from chalicelib.errors import DeliveryNotFound, InvalidRequest, TooManyWebhooks

if TYPE_CHECKING:
    from chalicelib.aws.outlets import Outlets
    from chalicelib.aws.table import Table
    from chalicelib.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookWish:
    """What an owner asks for; UNSET leaves a field alone."""

    url: str | UnsetType = UNSET
    types: tuple[EventType, ...] | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    status: WebhookStatus | UnsetType = UNSET


def create_webhook(
    url: str,
    types: tuple[EventType, ...],
    description: str | None,
    table: Table,
    settings: Settings,
    *,
    now_ms: int,
) -> Webhook:
    """Make an enabled webhook with a secret of its own.

    Raises:
        InvalidRequest: If nothing may be sent to the URL.
        TooManyWebhooks: If there are as many as a deployment may have.
    """
    check_url(url, settings)
    if len(table.list_webhooks(limit=MAX_WEBHOOKS, cursor=None).items) >= MAX_WEBHOOKS:
        raise TooManyWebhooks(f"a deployment has at most {MAX_WEBHOOKS} webhooks", limit=MAX_WEBHOOKS)
    webhook = replace(_new_webhook(url, now_ms), types=types, description=description)
    table.create_webhook(webhook)
    return webhook


def bind_webhook(url: str, render_id: str, table: Table, *, now_ms: int) -> Webhook:
    """Make the webhook that hears of one render alone, for a URL that `check_url` has let pass."""
    webhook = replace(_new_webhook(url, now_ms), render_id=render_id, expires_at=now_ms // 1000 + BOUND_S)
    table.create_webhook(webhook)
    return webhook


def _new_webhook(url: str, now_ms: int) -> Webhook:
    return Webhook(
        id=new_id(WEBHOOK_PREFIX, now_ms, secrets.token_bytes(ENTROPY_BYTES)),
        url=url,
        status=WebhookStatus.ENABLED,
        secret=secret_of(secrets.token_bytes(SECRET_BYTES)),
        created_at_ms=now_ms,
        updated_at_ms=now_ms,
    )


def change_webhook(webhook_id: str, wish: WebhookWish, table: Table, settings: Settings, *, now_ms: int) -> Webhook:
    """Change what is given. A webhook that is enabled again starts with a clean slate.

    Raises:
        WebhookNotFound: If there is no such webhook.
        InvalidRequest: If nothing may be sent to the URL.
    """
    if wish.url is not UNSET:
        check_url(wish.url, settings)
    enabled = wish.status is WebhookStatus.ENABLED
    because: str | UnsetType | None = UNSET
    if wish.status is not UNSET:
        because = None if enabled else "requested"
    change = WebhookChange(
        url=wish.url,
        types=wish.types,
        description=wish.description,
        status=wish.status,
        disabled_because=because,
        failing_since_ms=None if enabled else UNSET,
    )
    return table.update_webhook(webhook_id, change, now_ms=now_ms)


def rotate_secret(webhook_id: str, table: Table, *, now_ms: int) -> Webhook:
    """Give it a new secret; the present one signs beside it for ROTATION_MS, one before that no longer.

    Raises:
        WebhookNotFound: If there is no such webhook.
    """
    change = WebhookChange(
        secret=secret_of(secrets.token_bytes(SECRET_BYTES)),
        old_secret=table.get_webhook(webhook_id).secret,
        old_secret_until_ms=now_ms + ROTATION_MS,
    )
    return table.update_webhook(webhook_id, change, now_ms=now_ms)


def ping_webhook(webhook_id: str, table: Table, *, now_ms: int) -> Delivery:
    """Send a test event to one webhook, whatever types it wants. Returns the delivery that this will be.

    Raises:
        WebhookNotFound: If there is no such webhook.
    """
    table.get_webhook(webhook_id)
    nonce = secrets.token_hex(ENTROPY_BYTES)
    ping = event(EventType.PING, Ping(webhook_id), at_ms=now_ms, revision=nonce)
    table.put_event(ping)
    return new_delivery(webhook_id, ping.id, ping.type, now_ms=now_ms, event_at_ms=now_ms)


def replay_delivery(webhook_id: str, delivery_id: str, table: Table, outlets: Outlets, *, now_ms: int) -> Delivery:
    """Deliver once more, from the first attempt on: the same event, under the same id.

    A delivery that is still on its way is not disturbed.

    Raises:
        WebhookNotFound, DeliveryNotFound: If there is none, or its event is forgotten.
    """
    table.get_webhook(webhook_id)
    delivery = table.get_delivery(webhook_id, delivery_id)
    if delivery.status is DeliveryStatus.PENDING:
        return delivery
    if table.find_event(delivery.event_id) is None:
        raise DeliveryNotFound("the event of the delivery is forgotten", delivery_id=delivery_id)
    begun = table.replay_delivery(delivery, now_ms=now_ms)
    if begun is None:
        return table.get_delivery(webhook_id, delivery_id)
    outlets.send_delivery(begun)
    return begun


def check_url(url: str, settings: Settings, *, pointer: str = "/url") -> None:
    """Raises InvalidRequest, which names the field at `pointer`, if nothing may be sent to the URL."""
    try:
        parse_target(url, loopback=settings.webhook_loopback)
    except UnfitTarget as error:
        reason = str(error)
        errors = [{"pointer": pointer, "detail": reason, "in": "body"}]
        raise InvalidRequest(f"{pointer[1:]}: {reason}", errors=errors) from error
