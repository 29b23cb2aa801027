"""Renders as the customer handles them: start one, cancel one, fetch what it made, delete it.

A render is accepted once its record is written. Its execution is named after it, so starting it twice is starting it
once; one that could not be started now is started by the cleanup schedule.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from chalicelib.catalog import keys
from chalicelib.catalog.ids import ENTROPY_BYTES, RENDER_PREFIX, new_id
from chalicelib.catalog.render import UNFINISHED, Render, RenderChange, RenderStatus, output_expires_at_ms
from chalicelib.catalog.site import site_id
from chalicelib.composition.config import RenderConfig, parse_config
from chalicelib.composition.formats import output_kind
from chalicelib.errors import RenderEnded, SiteNotFound, TransientError
from chalicelib.usecases.budget import refuse_over_budget
from chalicelib.usecases.site import find_site
from chalicelib.usecases.webhooks import bind_webhook, check_url

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.aws.table import Table
    from chalicelib.aws.workflows import Workflows
    from chalicelib.settings import Settings

logger = logging.getLogger(__name__)

_BILL_KEPT_S = 30 * 24 * 3600
_CHUNKS_WITHOUT_CHOICE = RenderConfig().max_parallel_chunks
_FEW_WORKERS_FRAMES = 120
"""Frames of a chunk, at least, where fewer chunks run at once than a render has by itself: the others would only start
browsers. Four seconds of a film take a multiple of a browser's start."""


@dataclass(frozen=True, slots=True)
class NewRender:
    """What a client asks for.

    Attributes:
        config: The Config of the state machine's input.
        webhook_url: Where the events of this render go, beside the registered webhooks.
    """

    site_sha256: str
    config: Mapping[str, Any] = field(default_factory=dict)
    max_cost_usd: Fraction | None = None
    webhook_url: str | None = None


def open_render(
    new: NewRender, objects: Objects, table: Table, workflows: Workflows, settings: Settings, *, now_ms: int
) -> Render:
    """Make the render and set it going.

    Raises:
        InvalidConfig: Names the field of `config` that is wrong.
        InvalidRequest: If nothing may be sent to the webhook's URL.
        FormatNotSupported: If it asks for an output that is not made.
        SiteNotFound: If no such archive is stored.
        MonthlyBudgetSpent: If nothing new may be begun this month.
    """
    refuse_over_budget(table, settings, now_ms=now_ms)
    checked = parse_config(new.config)
    if new.webhook_url is not None:
        check_url(new.webhook_url, settings, pointer="/webhook")
    if find_site(new.site_sha256, objects, settings) is None:
        raise SiteNotFound("no project archive is stored for this site", site_id=site_id(new.site_sha256))
    render_id = new_id(RENDER_PREFIX, now_ms, secrets.token_bytes(ENTROPY_BYTES))
    webhook_id = None
    if new.webhook_url is not None:
        # Before its render, which must not tell anything without it. If its render is never written, it expires.
        webhook_id = bind_webhook(new.webhook_url, render_id, table, now_ms=now_ms).id
    render = Render(
        id=render_id,
        status=RenderStatus.QUEUED,
        created_at_ms=now_ms,
        updated_at_ms=now_ms,
        site_sha256=new.site_sha256,
        output_key=keys.render_output_key(render_id, output_kind(checked.format).extension),
        config=_cut_for(settings.max_parallel_chunks, new.config),
        max_cost_usd=new.max_cost_usd,
        webhook_id=webhook_id,
    )
    table.create_render(render)
    try:
        return start_render(render, table, workflows, settings, now_ms=now_ms)
    except TransientError as error:
        logger.warning("render not started yet", extra={"render_id": render.id, "code": error.code()})
        return render


def _cut_for(workers: int, config: Mapping[str, Any]) -> dict[str, Any]:
    """The Config with a cut that suits a deployment of so many workers, unless it says how to cut."""
    if workers >= _CHUNKS_WITHOUT_CHOICE or config.keys() & {"chunkSize", "targetChunkFrames", "maxParallelChunks"}:
        return dict(config)
    return {**config, "targetChunkFrames": _FEW_WORKERS_FRAMES}


def start_render(render: Render, table: Table, workflows: Workflows, settings: Settings, *, now_ms: int) -> Render:
    """Start the execution of the render's present attempt, or find it. Returns the record as it is then."""
    arn = workflows.start_render(execution_name(render), execution_input(render, settings))
    started = RenderChange(execution_arn=arn)
    still = RenderChange(attempt=render.attempt)
    changed = table.update_render(render.id, started, expect=UNFINISHED, now_ms=now_ms, unchanged=still)
    if changed is not None:
        return changed
    workflows.stop(arn, error="RenderEnded", cause="the render ended before it was started")
    return table.get_render(render.id)


def execution_name(render: Render) -> str:
    """The render's id; a later attempt has its number behind it, because a name is good for one execution only."""
    return render.id if render.attempt == 1 else f"{render.id}-{render.attempt}"


def execution_input(render: Render, settings: Settings) -> dict[str, object]:
    """What the open contract of render.asl.json asks for, and whose render it is."""
    bucket = f"s3://{settings.source_bucket}"
    return {
        "ProjectS3Uri": f"{bucket}/{keys.project_key(render.site_sha256)}",
        "PlanOutputS3Prefix": f"{bucket}/{keys.render_prefix(render.id)}",
        "OutputS3Uri": f"{bucket}/{render.output_key}",
        "Config": render.config,
        "RenderId": render.id,
        "Attempt": render.attempt,
    }


def cancel_render(render_id: str, table: Table, workflows: Workflows, *, now_ms: int) -> Render:
    """Mark the render cancelled, then stop its execution. Doing it twice is doing it once.

    Chunks under way find out within a second and end; what they report changes nothing but the bill.

    Raises:
        RenderNotFound: If there is no such render.
        RenderEnded: If it has ended otherwise.
    """
    cancelled = RenderChange(status=RenderStatus.CANCELLED, finished_at_ms=now_ms)
    render = table.update_render(render_id, cancelled, expect=UNFINISHED, now_ms=now_ms) or table.get_render(render_id)
    if render.status is not RenderStatus.CANCELLED:
        raise RenderEnded(f"the render is {render.status}", render_id=render.id, render_status=render.status.value)
    # By name: it may have been started without its ARN being noted yet.
    arn = workflows.render_execution_arn(execution_name(render))
    workflows.stop(arn, error="RenderCancelled", cause="the render was cancelled")
    return render


def delete_render(
    render_id: str, objects: Objects, table: Table, workflows: Workflows, settings: Settings, *, now_ms: int
) -> None:
    """Stop the render if it goes on, remove everything that was made for it, and forget it; its bill in 30 days.

    What a chunk under way still writes, the bucket forgets with all that is under renders/.

    Raises:
        RenderNotFound: If there is no such render, or no more.
    """
    if table.get_render(render_id).status in UNFINISHED:
        with suppress(RenderEnded):  # meanwhile, by itself
            cancel_render(render_id, table, workflows, now_ms=now_ms)
    objects.delete_prefix(settings.source_bucket, keys.render_prefix(render_id))
    table.forget_work(render_id, at_s=now_ms // 1000 + _BILL_KEPT_S)
    table.delete_render(render_id)


def output_url(render: Render, objects: Objects, settings: Settings, *, now_ms: int) -> str | None:
    """A URL of the video for a while; None while there is none, and when the bucket has forgotten it."""
    expires_at_ms = output_expires_at_ms(render)
    if expires_at_ms is None or now_ms >= expires_at_ms:
        return None
    filename = f"{render.id}{render.output_key.rpartition('/output')[2]}"
    return objects.presign_get(
        settings.source_bucket, render.output_key, expires_s=settings.presign_ttl_s, download_name=filename
    )
