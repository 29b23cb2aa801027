"""The Render function in its roles, chosen by the event's `Action`: plan, renderChunk, assemble, rendition.

Two jobs share them: an event with an AssetId publishes an asset, one without renders a composition. The wire is pinned
by the types below: PascalCase, up to four envelopes `Payload` or `Input` around an event, and answers to chunks of a
few hundred bytes, because those of all chunks travel through the state machine.
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import Any

import msgspec
from chalice.app import Blueprint

from chalicelib.handlers import wiring
from chalicelib.handlers.entry import lambda_entry
from chalicelib.handlers.events import parse_event, unwrapped
from chalicelib.handlers.measures import measured_chunk
from chalicelib.usecases.assemble import assemble
from chalicelib.usecases.assemble_composition import assemble_composition
from chalicelib.usecases.composition import AssembleRequest, ChunkRequest, PlanRequest
from chalicelib.usecases.make_rendition import make_rendition
from chalicelib.usecases.plan import plan_render
from chalicelib.usecases.plan_composition import plan_composition
from chalicelib.usecases.progress import metered
from chalicelib.usecases.render_chunk import ChunkJob, render_chunk
from chalicelib.usecases.render_composition import render_composition_chunk

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


class _Composition(msgspec.Struct, frozen=True, kw_only=True):
    """What every event of a composition may carry. `RenderId` is there when a record of the API waits for news."""

    render_id: str | None = msgspec.field(default=None, name="RenderId")
    plan_protocol: str | None = msgspec.field(default=None, name="PlanProtocol")


class PlanCompositionEvent(_Composition, tag_field="Action", tag="plan", frozen=True, kw_only=True):
    project_uri: str = msgspec.field(name="ProjectS3Uri")
    plan_prefix_uri: str = msgspec.field(name="PlanOutputS3Prefix")
    config: Any = msgspec.field(name="Config")
    output_uri: str | None = msgspec.field(default=None, name="OutputS3Uri")


class ChunkCompositionEvent(_Composition, tag_field="Action", tag="renderChunk", frozen=True, kw_only=True):
    plan_uri: str = msgspec.field(name="PlanS3Uri")
    plan_hash: str = msgspec.field(name="PlanHash")
    index: int = msgspec.field(name="ChunkIndex")
    prefix_uri: str = msgspec.field(name="ChunkOutputS3Prefix")
    format: str = msgspec.field(name="Format")


class AssembleCompositionEvent(_Composition, tag_field="Action", tag="assemble", frozen=True, kw_only=True):
    """The sound is the plan's own, so `AudioS3Uri` need not be said and is not looked at."""

    plan_uri: str = msgspec.field(name="PlanS3Uri")
    output_uri: str = msgspec.field(name="OutputS3Uri")
    format: str = msgspec.field(name="Format")
    plan_hash: str | None = msgspec.field(default=None, name="PlanHash")
    chunk_uris: tuple[str, ...] | None = msgspec.field(default=None, name="ChunkS3Uris")
    prefix_uri: str | None = msgspec.field(default=None, name="ChunkOutputS3Prefix")


class RenditionEvent(msgspec.Struct, tag_field="Action", tag="rendition", rename="pascal", frozen=True):
    asset_id: str
    rendition_id: str
    created_at_ms: int


AssetEvent = PlanEvent | ChunkEvent | AssembleEvent | RenditionEvent
CompositionEvent = PlanCompositionEvent | ChunkCompositionEvent | AssembleCompositionEvent

blueprint = Blueprint(__name__)


@blueprint.lambda_function()
@lambda_entry("render")
def render(event: dict[str, Any], context: Any) -> dict[str, object]:
    job = parse_render_event(event)
    deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - _MARGIN_S
    memory_mb = int(context.memory_limit_in_mb)
    with measured_chunk() if isinstance(job, ChunkEvent | ChunkCompositionEvent) else nullcontext():
        if isinstance(job, PlanEvent | ChunkEvent | AssembleEvent | RenditionEvent):
            return _publish(job, deadline, memory_mb)
        return _compose(job, deadline, memory_mb)


def _publish(job: AssetEvent, deadline: float, memory_mb: int) -> dict[str, object]:
    of = wiring.services()
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


def _compose(job: CompositionEvent, deadline: float, memory_mb: int) -> dict[str, object]:
    of = wiring.services()
    rest = (of.objects, of.table, of.tools, of.settings)
    with metered(job.render_id, of.table, memory_mb=memory_mb, clock=of.clock) as meter:
        match job:
            case PlanCompositionEvent():
                plan = PlanRequest(
                    job.project_uri, job.plan_prefix_uri, job.config, job.output_uri, job.plan_protocol, job.render_id
                )
                return plan_composition(plan, *rest, deadline=deadline, meter=meter, clock=of.clock)
            case ChunkCompositionEvent():
                chunk = ChunkRequest(job.plan_uri, job.plan_hash, job.index, job.prefix_uri, job.format, job.render_id)
                return render_composition_chunk(chunk, *rest, deadline=deadline, meter=meter, clock=of.clock)
            case AssembleCompositionEvent():
                assembly = AssembleRequest(
                    job.plan_uri,
                    job.output_uri,
                    job.format,
                    job.plan_hash,
                    job.chunk_uris,
                    job.prefix_uri,
                    job.render_id,
                )
                return assemble_composition(assembly, *rest, deadline=deadline, meter=meter, clock=of.clock)


def parse_render_event(event: dict[str, Any]) -> AssetEvent | CompositionEvent:
    """Raises ActionUnknown if the event is not one of ours."""
    plain = unwrapped(event)
    job: AssetEvent | CompositionEvent = parse_event(plain, AssetEvent if "AssetId" in plain else CompositionEvent)
    return job
