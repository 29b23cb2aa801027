"""The render: one composition made into one video, and how its record may change.

Invariant: a record only moves forward, and ends once. `PREDECESSORS` says from which status each status may be reached;
the table turns it into a condition, so that a late or duplicated report changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Any

from msgspec import UNSET, UnsetType

from chalicelib.catalog.asset import Work

RETENTION_DAYS = 7
"""How long the bucket keeps what is under renders/: its lifecycle rule says the same."""

_DAY_MS = 24 * 3600 * 1000


class RenderStatus(StrEnum):
    QUEUED = "queued"
    PLANNING = "planning"
    RENDERING = "rendering"
    ASSEMBLING = "assembling"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"


_S = RenderStatus

UNFINISHED = frozenset({_S.QUEUED, _S.PLANNING, _S.RENDERING, _S.ASSEMBLING})

PREDECESSORS: dict[RenderStatus, frozenset[RenderStatus]] = {
    _S.QUEUED: frozenset(),
    _S.PLANNING: frozenset({_S.QUEUED}),
    _S.RENDERING: frozenset({_S.QUEUED, _S.PLANNING}),
    _S.ASSEMBLING: frozenset({_S.PLANNING, _S.RENDERING}),
    _S.SUCCEEDED: frozenset({_S.RENDERING, _S.ASSEMBLING}),
    _S.FAILED: UNFINISHED,
    _S.CANCELLED: UNFINISHED,
    _S.TIMED_OUT: UNFINISHED,
}


@dataclass(frozen=True, slots=True)
class RenderError:
    """Why a render did not succeed, or what its author should know: a code and a sentence for a person."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Render:
    """The record.

    Attributes:
        site_sha256: Of the project archive.
        config: As the state machine's input holds it.
        output_key: In the source bucket; there is an object once the render has succeeded.
        max_cost_usd: At which the work is stopped.
        webhook_id: Of the webhook that hears of this render alone.
        warnings: What its page did wrong, as far as the plan saw it; the render went on.
        plan_hash, chunk_count, total_frames, frame_rate, width, height, duration: Known from the plan on; the duration
            in seconds, width and height in pixels of the output.
        output_size_bytes: Known once the render has succeeded.
        attempt: 1, and one more each time its execution was lost.
    """

    id: str
    status: RenderStatus
    created_at_ms: int
    updated_at_ms: int
    site_sha256: str
    output_key: str
    config: dict[str, Any] = field(default_factory=dict)
    max_cost_usd: Fraction | None = None
    execution_arn: str | None = None
    attempt: int = 1
    plan_hash: str | None = None
    chunk_count: int = 0
    total_frames: int = 0
    frame_rate: Fraction | None = None
    width: int | None = None
    height: int | None = None
    duration: Fraction | None = None
    output_size_bytes: int | None = None
    started_at_ms: int | None = None
    finished_at_ms: int | None = None
    errors: tuple[RenderError, ...] = ()
    warnings: tuple[RenderError, ...] = ()
    webhook_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderChange:
    """The fields of a render that an update writes. UNSET leaves a field alone; None removes it."""

    status: RenderStatus | UnsetType = UNSET
    execution_arn: str | UnsetType | None = UNSET
    attempt: int | UnsetType = UNSET
    plan_hash: str | UnsetType = UNSET
    chunk_count: int | UnsetType = UNSET
    total_frames: int | UnsetType = UNSET
    frame_rate: Fraction | UnsetType = UNSET
    width: int | UnsetType = UNSET
    height: int | UnsetType = UNSET
    duration: Fraction | UnsetType = UNSET
    output_size_bytes: int | UnsetType = UNSET
    started_at_ms: int | UnsetType = UNSET
    finished_at_ms: int | UnsetType = UNSET
    errors: tuple[RenderError, ...] | UnsetType = UNSET
    warnings: tuple[RenderError, ...] | UnsetType = UNSET


UNCHANGED = RenderChange()


def percent_rendered(render: Render, work: Work) -> float:
    """Share of the frames that are captured and encoded, 0 to 100; 100 is kept for a render that succeeded."""
    if render.status is RenderStatus.SUCCEEDED:
        return 100.0
    if render.total_frames == 0:
        return 0.0
    return min(99.0, round(100 * work.frames_done / render.total_frames, 1))


def output_expires_at_ms(render: Render) -> int | None:
    """When the bucket forgets the output; None until there is one."""
    if render.status is not RenderStatus.SUCCEEDED or render.finished_at_ms is None:
        return None
    return render.finished_at_ms + RETENTION_DAYS * _DAY_MS
