"""The Publish function: the short steps of the state machines, chosen by the event's `Action`."""

from __future__ import annotations

from typing import Any

import msgspec
from chalice.app import Blueprint

from chalicelib.handlers import wiring
from chalicelib.handlers.entry import lambda_entry
from chalicelib.handlers.events import parse_event
from chalicelib.usecases.archive import archive_source
from chalicelib.usecases.package_asset import package_asset
from chalicelib.usecases.progress import metered
from chalicelib.usecases.publish import finish, probe, validate
from chalicelib.usecases.record_failure import FailedWork, record_failure
from chalicelib.usecases.renditions import record_rendition_failure
from chalicelib.usecases.transcode import start_job


class ProbeEvent(msgspec.Struct, tag_field="Action", tag="probe", rename="pascal", frozen=True):
    asset_id: str
    attempt: int
    etag: str


class TranscodeEvent(msgspec.Struct, tag_field="Action", tag="transcode", rename="pascal", frozen=True):
    asset_id: str
    attempt: int
    task_token: str


class ArchiveEvent(msgspec.Struct, tag_field="Action", tag="archive", rename="pascal", frozen=True):
    asset_id: str
    attempt: int


class PackageEvent(msgspec.Struct, tag_field="Action", tag="package", rename="pascal", frozen=True):
    asset_id: str
    attempt: int


class ValidateEvent(msgspec.Struct, tag_field="Action", tag="validate", rename="pascal", frozen=True):
    asset_id: str
    plan_hash: str


class ReadyEvent(msgspec.Struct, tag_field="Action", tag="ready", rename="pascal", frozen=True):
    asset_id: str
    attempt: int
    plan_hash: str


class Failure(msgspec.Struct, rename="pascal", frozen=True):
    """What a Catch hands over. Step Functions leaves the cause out of its own timeouts."""

    error: str
    cause: str = ""


class ExecutionInput(msgspec.Struct, rename="pascal", frozen=True):
    """The part of an execution's input that matters to its failure: whose it is."""

    asset_id: str | None = None
    render_id: str | None = None
    attempt: int | None = None
    rendition_id: str | None = None


class RecordFailureEvent(msgspec.Struct, tag_field="Action", tag="recordFailure", rename="pascal", frozen=True):
    error: Failure
    input: ExecutionInput


PublishEvent = (
    ProbeEvent | TranscodeEvent | ValidateEvent | ArchiveEvent | PackageEvent | ReadyEvent | RecordFailureEvent
)

blueprint = Blueprint(__name__)


@blueprint.lambda_function()
@lambda_entry("publish")
def publish(event: dict[str, Any], context: Any) -> dict[str, object]:
    step: PublishEvent = parse_event(event, PublishEvent)
    of = wiring.services()
    memory_mb = int(context.memory_limit_in_mb)
    with metered(_owner_id(step), of.table, memory_mb=memory_mb, clock=of.clock):
        match step:
            case ProbeEvent():
                return probe(
                    step.asset_id, step.attempt, step.etag, of.objects, of.table, of.settings, now_ms=of.clock()
                )
            case TranscodeEvent():
                return start_job(
                    step.asset_id,
                    step.attempt,
                    step.task_token,
                    of.table,
                    of.mediaconvert,
                    of.workflows,
                    of.settings,
                    now_ms=of.clock(),
                )
            case ValidateEvent():
                return validate(step.asset_id, step.plan_hash, of.objects, of.table, of.settings, now_ms=of.clock())
            case ArchiveEvent():
                return archive_source(step.asset_id, step.attempt, of.objects, of.table, of.settings, now_ms=of.clock())
            case PackageEvent():
                return package_asset(
                    step.asset_id, step.attempt, of.mediapackage, of.table, of.settings, now_ms=of.clock()
                )
            case ReadyEvent():
                now_ms = of.clock()
                return finish(
                    step.asset_id,
                    step.attempt,
                    step.plan_hash,
                    of.objects,
                    of.table,
                    of.queues,
                    of.settings,
                    now_ms=now_ms,
                )
            case RecordFailureEvent():
                asset_id, rendition_id = step.input.asset_id, step.input.rendition_id
                if asset_id is not None and rendition_id is not None:
                    return record_rendition_failure(
                        asset_id,
                        rendition_id,
                        step.input.attempt,
                        step.error.error,
                        step.error.cause,
                        of.table,
                        now_ms=of.clock(),
                    )
                work = FailedWork(step.input.asset_id, step.input.render_id, step.input.attempt)
                return record_failure(work, step.error.error, step.error.cause, of.table, now_ms=of.clock())


def _owner_id(step: PublishEvent) -> str | None:
    """Whose bill the step is put on."""
    return step.input.asset_id or step.input.render_id if isinstance(step, RecordFailureEvent) else step.asset_id
