"""Events: the one vocabulary in which everything that happens is told, by whatever way it is told.

An event is a fact about one record: its type, when, and the record as it was right after. It is written in the same
transaction as the change that it tells of (aws/outbox.py), so there is neither one without the other.

Its id is made of what it tells (whose, which type, which attempt), never of chance: to tell the same thing twice is to
tell it once. `asset.updated` may happen many times in one attempt, so its time is part of its id.

A new kind of record joins by having an `id`, a line in aws/outbox.py (how it is stored) and one in handlers/notices.py
(how it is shown), and by handing what `event()` made to the write that changes it. `detail` is for what the record
itself does not show, such as the one track of an asset that became ready.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

from chalicelib.catalog.asset import Asset, AssetChange, AssetStatus
from chalicelib.catalog.ids import EVENT_PREFIX, derived_id
from chalicelib.catalog.render import Render, RenderStatus
from chalicelib.catalog.rendition import RenditionStatus, StaticRendition
from chalicelib.catalog.spend import MonthlySpend
from chalicelib.catalog.track import CaptionTrack, TrackStatus
from chalicelib.catalog.upload import Upload, UploadStatus
from chalicelib.errors import CostLimitReached


class EventType(StrEnum):
    UPLOAD_COMPLETED = "upload.completed"
    UPLOAD_EXPIRED = "upload.expired"
    UPLOAD_CANCELLED = "upload.cancelled"
    UPLOAD_ERRORED = "upload.errored"
    ASSET_CREATED = "asset.created"
    ASSET_PLAYABLE = "asset.playable"
    ASSET_READY = "asset.ready"
    ASSET_ERRORED = "asset.errored"
    ASSET_UPDATED = "asset.updated"
    ASSET_DELETED = "asset.deleted"
    TRACK_READY = "track.ready"
    TRACK_ERRORED = "track.errored"
    RENDITION_READY = "rendition.ready"
    RENDITION_ERRORED = "rendition.errored"
    RENDER_STARTED = "render.started"
    RENDER_SUCCEEDED = "render.succeeded"
    RENDER_FAILED = "render.failed"
    RENDER_CANCELLED = "render.cancelled"
    COST_THRESHOLD_REACHED = "cost.threshold_reached"
    PING = "ping"
    """A test, sent to the one webhook that asked for it."""


class Subject(Protocol):
    """The record that an event is about: a frozen dataclass."""

    @property
    def id(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Event:
    """Attributes:
    subject: The record as it was right after the change.
    detail: Further members of the event's data.
    """

    id: str
    type: EventType
    at_ms: int
    subject: Subject
    detail: dict[str, Any] = field(default_factory=dict)


def event(
    kind: EventType,
    subject: Subject,
    *,
    at_ms: int,
    attempt: int = 1,
    revision: str = "",
    detail: dict[str, Any] | None = None,
) -> Event:
    """The event that `subject` has come to this.

    Args:
        attempt: Of the work on the subject; each one may tell the same things again.
        revision: What tells two events of one type and attempt apart, such as the id of a track.
    """
    told = "\0".join((subject.id, kind, str(attempt), revision))
    digest = hashlib.sha256(told.encode()).digest()
    return Event(derived_id(EVENT_PREFIX, digest), kind, at_ms, subject, detail or {})


PREVIOUS_STATUS = "previous_status"
"""Of an asset that was updated: in its event's data."""

_OF_UPLOAD = {
    UploadStatus.COMPLETED: EventType.UPLOAD_COMPLETED,
    UploadStatus.EXPIRED: EventType.UPLOAD_EXPIRED,
    UploadStatus.CANCELLED: EventType.UPLOAD_CANCELLED,
    UploadStatus.ERRORED: EventType.UPLOAD_ERRORED,
}
_OF_RENDITION = {
    RenditionStatus.READY: EventType.RENDITION_READY,
    RenditionStatus.ERRORED: EventType.RENDITION_ERRORED,
}
_OF_TRACK = {TrackStatus.READY: EventType.TRACK_READY, TrackStatus.ERRORED: EventType.TRACK_ERRORED}
_OF_RENDER = {
    RenderStatus.PLANNING: EventType.RENDER_STARTED,
    RenderStatus.SUCCEEDED: EventType.RENDER_SUCCEEDED,
    RenderStatus.FAILED: EventType.RENDER_FAILED,
    RenderStatus.TIMED_OUT: EventType.RENDER_FAILED,
    RenderStatus.CANCELLED: EventType.RENDER_CANCELLED,
}
_OF_ASSET = {
    AssetStatus.READY: EventType.ASSET_READY,
    AssetStatus.ERRORED: EventType.ASSET_ERRORED,
    AssetStatus.DELETED: EventType.ASSET_DELETED,
}
_TOLD_FIELDS = ("status", "hls_key", "passthrough", "meta")


def may_tell(change: AssetChange) -> bool:
    """Whether a change of an asset touches anything that events tell of."""
    return any(getattr(change, name) != getattr(AssetChange(), name) for name in _TOLD_FIELDS)


def asset_events(before: Asset | None, after: Asset, *, at_ms: int) -> tuple[Event, ...]:
    """What a change of an asset tells.

    `asset.updated` is every change that has no type of its own: it was taken in and is being prepared, it was
    cancelled, it is tried again, or the customer's own fields changed.

    Args:
        before: None if the asset is new.
    """
    if before is None:
        return (event(EventType.ASSET_CREATED, after, at_ms=at_ms),)
    told: list[Event] = []
    if is_playable(after) and not is_playable(before):
        told.append(event(EventType.ASSET_PLAYABLE, after, at_ms=at_ms, attempt=after.attempt))
    if after.status is not before.status and after.status in _OF_ASSET:
        told.append(event(_OF_ASSET[after.status], after, at_ms=at_ms, attempt=after.attempt))
        if any(error.code == CostLimitReached.code() for error in after.errors):
            told.append(event(EventType.COST_THRESHOLD_REACHED, after, at_ms=at_ms, attempt=after.attempt))
    elif (after.status, after.passthrough, after.meta) != (before.status, before.passthrough, before.meta):
        told.append(
            event(
                EventType.ASSET_UPDATED,
                after,
                at_ms=at_ms,
                attempt=after.attempt,
                revision=f"{after.status} {at_ms}",
                detail={PREVIOUS_STATUS: before.status},
            )
        )
    return tuple(told)


def is_playable(asset: Asset) -> bool:
    """Whether a player gets anything from the asset: the early publication's, or the final one's."""
    return asset.hls_key is not None and asset.status in (AssetStatus.PREPARING, AssetStatus.READY)


def upload_events(after: Upload, *, at_ms: int) -> tuple[Event, ...]:
    """What the end of an upload tells."""
    return (event(_OF_UPLOAD[after.status], after, at_ms=at_ms),) if after.status in _OF_UPLOAD else ()


def rendition_events(after: StaticRendition, *, at_ms: int) -> tuple[Event, ...]:
    """What the end of a static rendition tells. One that is deleted and asked for again has the same id."""
    if after.status not in _OF_RENDITION:
        return ()
    kind, birth, detail = _OF_RENDITION[after.status], str(after.created_at_ms), {"asset_id": after.asset_id}
    return (event(kind, after, at_ms=at_ms, attempt=after.attempt, revision=birth, detail=detail),)


def track_events(after: CaptionTrack, *, at_ms: int) -> tuple[Event, ...]:
    """What the end of a track's preparation tells. One that is deleted and added again has the same id."""
    if after.status not in _OF_TRACK:
        return ()
    birth, detail = str(after.created_at_ms), {"asset_id": after.asset_id}
    return (event(_OF_TRACK[after.status], after, at_ms=at_ms, revision=birth, detail=detail),)


def render_events(after: Render, *, at_ms: int) -> tuple[Event, ...]:
    """What a render's new status tells: it was begun, or it has ended, and whether that was for its cost."""
    if after.status not in _OF_RENDER:
        return ()
    told = [event(_OF_RENDER[after.status], after, at_ms=at_ms, attempt=after.attempt)]
    if any(error.code == CostLimitReached.code() for error in after.errors):
        told.append(event(EventType.COST_THRESHOLD_REACHED, after, at_ms=at_ms, attempt=after.attempt))
    return tuple(told)


def spend_event(spend: MonthlySpend, *, at_ms: int) -> Event:
    """That a month's bill has come to a share of its budget: one event for each share of each budget."""
    revision = f"{spend.budget_usd} {spend.threshold_percent}"
    return event(EventType.COST_THRESHOLD_REACHED, spend, at_ms=at_ms, revision=revision)


def rfc3339(at_ms: int) -> str:
    """A time as the API shows it, in UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
