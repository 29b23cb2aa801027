"""What is sent of an event: the one place where the bodies of webhooks, SNS, SQS and EventBridge are made.

All four carry the same envelope, {id, type, timestamp, data}; data is the record as the API shows it, so it holds keys
and public URLs and nothing that is signed. A shape of its own for one outlet is made here, from the `Notice`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from chalicelib.catalog.asset import Asset, AssetStatus
from chalicelib.catalog.events import PREVIOUS_STATUS, Event, EventType, rfc3339

BUS_SOURCE = "sluice"
_SUBJECT_MAX = 100
_STAGES = {
    EventType.ASSET_READY: "complete",
    EventType.ASSET_ERRORED: "error",
    EventType.RENDER_STARTED: "ingest",
    EventType.RENDER_SUCCEEDED: "complete",
    EventType.RENDER_FAILED: "error",
    EventType.RENDER_CANCELLED: "error",
}


@dataclass(frozen=True, slots=True)
class Notice:
    """An event, and its data as shown to customers."""

    event: Event
    data: dict[str, Any]

    def envelope(self) -> dict[str, Any]:
        return {
            "id": self.event.id,
            "type": self.event.type,
            "timestamp": rfc3339(self.event.at_ms),
            "data": self.data,
        }


@dataclass(frozen=True, slots=True)
class Message:
    """`attributes` are strings, for filters; `title` is SNS's subject, the first line of a mail."""

    body: str
    attributes: dict[str, str] = field(default_factory=dict)
    title: str = ""


def webhook_body(notice: Notice) -> str:
    return _json(notice.envelope())


def topic_message(notice: Notice) -> Message | None:
    """For SNS: that work has begun, is complete or has failed. None for every other event.

    Attribute `stage` is "ingest", "complete" or "error", so that one topic serves what used to be three.
    """
    stage = _stage(notice.event)
    if stage is None:
        return None
    title = f"Sluice: {notice.event.type} {notice.event.subject.id}"[:_SUBJECT_MAX]
    return Message(_json(notice.envelope()), {"type": notice.event.type, "stage": stage}, title)


def queue_message(notice: Notice) -> Message:
    """For SQS: every event, with the whole record."""
    return Message(_json(notice.envelope()), {"type": notice.event.type})


def bus_detail(notice: Notice) -> str:
    """For EventBridge: `detail` of an entry whose source is BUS_SOURCE and whose detail-type is the event's type."""
    return _json(notice.envelope())


def _stage(event: Event) -> str | None:
    """The work on an asset begins with the update that takes it in, out of `waiting`."""
    asset = event.subject
    if event.type is EventType.ASSET_UPDATED and isinstance(asset, Asset):
        began = (event.detail.get(PREVIOUS_STATUS), asset.status) == (AssetStatus.WAITING, AssetStatus.PREPARING)
        return "ingest" if began else None
    return _STAGES.get(event.type)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
