"""The Render function in its roles, chosen by the event's `Action`: plan, renderChunk, assemble, rendition.

The wire is pinned by the types below: PascalCase, and the answer to a chunk stays below 200 bytes, because those of all
chunks travel through the state machine.
"""

from __future__ import annotations

import time
from typing import Any

import msgspec
from chalice.app import Blueprint

from chalicelib.errors import ActionUnknown
from chalicelib.handlers import wiring
from chalicelib.handlers.entry import lambda_entry
from chalicelib.usecases.assemble import assemble
from chalicelib.usecases.make_rendition import make_rendition
from chalicelib.usecases.plan import plan_render
from chalicelib.usecases.progress import metered
from chalicelib.usecases.render_chunk import ChunkJob, render_chunk

_MARGIN_S = 20.0
"""Left for uploads and for the error's own way out when the encoder has to be stopped."""


class PlanEvent(msgspec.Struct, tag_field="Action", tag="plan", rename="pascal", frozen=True):
    asset_id: str


class ChunkEvent(msgspec.Struct, tag_field="Action", tag="renderChunk", rename="pascal", frozen=True):
    asset_id: str
    plan_hash: str
    chunk_index: int


class AssembleEvent(msgspec.Struct, tag_field="Action", tag="assemble", rename="pascal", frozen=True):
    asset_id: str
    plan_hash: str


class RenditionEvent(msgspec.Struct, tag_field="Action", tag="rendition", rename="pascal", frozen=True):
    asset_id: str
    rendition_id: str
    created_at_ms: int


RenderEvent = PlanEvent | ChunkEvent | AssembleEvent | RenditionEvent

blueprint = Blueprint(__name__)


@blueprint.lambda_function()
@lambda_entry("render")
def render(event: dict[str, Any], context: Any) -> dict[str, object]:
    job = parse_render_event(event)
    deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - _MARGIN_S
    of = wiring.services()
    memory_mb = int(context.memory_limit_in_mb)
    with metered(job.asset_id, of.table, memory_mb=memory_mb, clock=of.clock) as meter:
        match job:
            case PlanEvent():
                return plan_render(
                    job.asset_id, of.objects, of.table, of.tools, of.settings, deadline=deadline, clock=of.clock
                )
            case ChunkEvent():
                chunk = ChunkJob(job.asset_id, job.plan_hash, job.chunk_index, deadline)
                return render_chunk(chunk, of.objects, of.table, of.tools, of.settings, meter=meter, clock=of.clock)
            case RenditionEvent():
                return make_rendition(
                    job.asset_id,
                    job.rendition_id,
                    job.created_at_ms,
                    of.objects,
                    of.table,
                    of.tools,
                    of.settings,
                    deadline=deadline,
                    clock=of.clock,
                )
            case AssembleEvent():
                return assemble(job.asset_id, job.plan_hash, of.objects, of.table, of.settings, clock=of.clock)


def parse_render_event(event: dict[str, Any]) -> RenderEvent:
    """Raises ActionUnknown if the event is not one of ours."""
    try:
        job: RenderEvent = msgspec.convert(event, type=RenderEvent)
    except msgspec.ValidationError as error:
        raise ActionUnknown(
            "the event is not one of plan, renderChunk, assemble and rendition", detail=str(error)
        ) from error
    return job
