"""What is sent of an event: the one place where the bodies of webhooks, SNS, SQS and EventBridge are made.

All four carry the same envelope, {id, type, timestamp, data}; data is the record as the API shows it, so it holds keys
and public URLs and nothing that is signed. SNS and SQS can speak the words of Video on Demand on AWS instead
(catalog/vod/messages.py), for those who come from there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from chalicelib.catalog.asset import Asset, AssetStatus
from chalicelib.catalog.events import PREVIOUS_STATUS, Event, EventType, rfc3339
from chalicelib.catalog.vod.messages import complete_message, error_message, ingest_message, record_message

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
_VOD = {"ingest": ingest_message, "complete": complete_message, "error": error_message}


@dataclass(frozen=True, slots=True)
class Notice:
    """An event, and its data as shown to customers.

    `vod` is the asset as a record of Video on Demand on AWS, where SNS and SQS get that instead.
    """

    event: Event
    data: dict[str, Any]
    vod: dict[str, Any] | None = None

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
    """For SNS: that work has begun, is complete or has failed. None for every other event, and where an asset says so.

    Attribute `stage` is "ingest", "complete" or "error", so that one topic serves what used to be three.
    """
    stage = _stage(notice.event)
    asset = notice.event.subject
    if stage is None or (isinstance(asset, Asset) and asset.options.enable_sns is False):
        return None
    attributes = {"type": notice.event.type.value, "stage": stage}
    if notice.vod is not None:
        said = _VOD[stage](notice.vod)
        return Message(said.body, attributes, said.subject[:_SUBJECT_MAX])
    title = f"Sluice: {notice.event.type} {notice.event.subject.id}"[:_SUBJECT_MAX]
    return Message(_json(notice.envelope()), attributes, title)


def queue_message(notice: Notice) -> Message | None:
    """For SQS: every event, with the whole record; of Video on Demand on AWS, only that of a video that is complete."""
    event, asset = notice.event, notice.event.subject
    if isinstance(asset, Asset) and asset.options.enable_sqs is False:
        return None
    attributes = {"type": event.type.value}
    if notice.vod is None:
        return Message(_json(notice.envelope()), attributes)
    return Message(record_message(notice.vod).body, attributes) if event.type is EventType.ASSET_READY else None


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
