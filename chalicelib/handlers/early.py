"""The Early function: the early publication's steps in both state machines, chosen by the event's `Action`.

It has no layer, because it runs no tool.
"""

from __future__ import annotations

from typing import Any

import msgspec
from chalice.app import Blueprint

from chalicelib.handlers import wiring
from chalicelib.handlers.entry import lambda_entry
from chalicelib.handlers.events import parse_event
from chalicelib.usecases.early import copy_chunk, end_early, extend_early, start_early
from chalicelib.usecases.progress import metered


class StartEvent(msgspec.Struct, tag_field="Action", tag="startEarly", rename="pascal", frozen=True):
    asset_id: str
    attempt: int


class CopyEvent(msgspec.Struct, tag_field="Action", tag="copyChunk", rename="pascal", frozen=True):
    asset_id: str
    plan_hash: str
    chunk_index: int


class ExtendEvent(msgspec.Struct, tag_field="Action", tag="extendEarly", rename="pascal", frozen=True):
    asset_id: str
    plan_hash: str


class EndEvent(msgspec.Struct, tag_field="Action", tag="endEarly", rename="pascal", frozen=True):
    asset_id: str
    plan_hash: str | None = None


EarlyEvent = StartEvent | CopyEvent | ExtendEvent | EndEvent

blueprint = Blueprint(__name__)


@blueprint.lambda_function()
@lambda_entry("early")
def early(event: dict[str, Any], context: Any) -> dict[str, object]:
    step: EarlyEvent = parse_event(event, EarlyEvent)
    of = wiring.services()
    memory_mb = int(context.memory_limit_in_mb)
    with metered(step.asset_id, of.table, memory_mb=memory_mb, clock=of.clock):
        match step:
            case StartEvent():
                return start_early(step.asset_id, step.attempt, of.objects, of.table, of.settings, clock=of.clock)
            case CopyEvent():
                return copy_chunk(step.asset_id, step.plan_hash, step.chunk_index, of.objects, of.table, of.settings)
            case ExtendEvent():
                return extend_early(step.asset_id, step.plan_hash, of.objects, of.table, of.settings)
            case EndEvent():
                return end_early(step.asset_id, step.plan_hash, of.objects, of.table, of.settings)
