"""Encoding by MediaConvert: who encodes, the job, and what its events mean.

The state machine waits on a task token. Token and outcome of an attempt are on one record, so it does not matter which
of them comes first, how often an event comes, or whether the function dies between any two of its writes: the job's
own token makes a second CreateJob find the first job, and whoever finds both token and outcome ends the wait.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import msgspec

from chalicelib.catalog import keys
from chalicelib.catalog.asset import Asset, AssetChange, EncodingJob, ProgressState
from chalicelib.catalog.encoder_choice import (
    TEMPLATE_GROUPS,
    EncoderChoice,
    EncoderFacts,
    choose_encoder,
    mediaconvert_usd,
)
from chalicelib.catalog.options import Encoder, InputRotate
from chalicelib.catalog.vod.job import JobOrder, job_request
from chalicelib.catalog.vod.outcome import JobEvent, JobStatus
from chalicelib.catalog.vod.profile import PROFILES, choose_profile, fit_box, template_names, template_of
from chalicelib.catalog.vod.record import displayed_size
from chalicelib.errors import AssetNotFound, MediaConvertCancelled, MediaConvertFailed, SluiceError, WorkSuperseded
from chalicelib.media.ladder import source_rung
from chalicelib.usecases.asset_settings import settings_for
from chalicelib.usecases.budget import refuse_over_cap
from chalicelib.usecases.plan import PREPARING, preparing_asset
from chalicelib.usecases.withdraw import withdraw_if_given_up

if TYPE_CHECKING:
    from chalicelib.aws.mediaconvert import MediaConvert
    from chalicelib.aws.objects import Objects
    from chalicelib.aws.table import Table
    from chalicelib.aws.workflows import Workflows
    from chalicelib.settings import Settings

logger = logging.getLogger(__name__)

_HUNDRED = 100
_MICRO = 1_000_000
_DEFAULT_RATE = Fraction(30)


def encoder_of(asset: Asset, settings: Settings) -> EncoderChoice:
    """Who is to encode an ingested asset. `settings` are the asset's own."""
    if asset.clip is not None:
        return EncoderChoice(Encoder.LAMBDA, "a part of a source is cut by frames, which our own workers do")
    return choose_encoder(Encoder(settings.encoder), _facts(asset, settings))


def _facts(asset: Asset, settings: Settings) -> EncoderFacts:
    size = displayed_size(asset)
    video = asset.source_info.video if asset.source_info else None
    rungs = [rung for rung in settings.ladder if size and rung <= source_rung(*size)]
    return EncoderFacts(
        duration=asset.duration,
        frame_rate=(video.frame_rate if video else None) or _DEFAULT_RATE,
        renditions=[fit_box(*size, rung) for rung in rungs or settings.ladder[-1:]] if size else [],
        size_bytes=asset.source_size_bytes or 0,
        max_lambda_bytes=settings.upload_max_bytes,
        mediaconvert_available=bool(settings.mediaconvert_role_arn),
        region=settings.region,
    )


def start_job(
    asset_id: str,
    attempt: int,
    token: str,
    table: Table,
    jobs: MediaConvert,
    workflows: Workflows,
    deployment: Settings,
    *,
    now_ms: int,
) -> dict[str, object]:
    """Ask MediaConvert for the job of an attempt; `token` is what waits for its end.

    Raises:
        WorkSuperseded: If the asset does not wait for this attempt.
        CostLimitReached: If the job is estimated to cost more than the asset may.
        JobTemplateMissing: If the job template, and what stands in for it, is not there.
    """
    asset = preparing_asset(asset_id, table, attempt)
    refuse_over_cap(asset, table.get_progress(asset_id, None), deployment, ahead_usd=_estimate(asset, deployment))
    order, profile = _order(asset, jobs, settings_for(asset.options, deployment), deployment)
    # Without the attempt: the same work goes to the same place.
    asked = [asset.source_etag, job_request(replace(order, metadata={}))]
    digest = hashlib.sha256(msgspec.json.encode(asked, order="deterministic")).hexdigest()
    destination = f"s3://{deployment.media_bucket}/{keys.media_prefix(asset_id, digest)}"
    metadata = {**order.metadata, "plan": digest}
    _cancel_earlier(asset, table, jobs)
    table.await_job(asset_id, attempt, token, now_ms=now_ms)
    job_id = jobs.create_job(
        job_request(replace(order, destination=destination, metadata=metadata)), token=_job_token(asset_id, attempt)
    )
    change = AssetChange(
        state=ProgressState.ENCODING,
        plan_hash=digest,
        task_count=_HUNDRED,
        job=EncodingJob(job_id, str(order.template["Name"]), profile, attempt),
    )
    table.update_asset(asset_id, change, expect=PREPARING, now_ms=now_ms, unchanged=AssetChange(attempt=attempt))
    logger.info("job started", extra={"job_id": job_id, "plan_hash": digest, "template": order.template["Name"]})
    _end_wait(asset_id, attempt, table, workflows)
    return {"AssetId": asset_id, "JobId": job_id}


def note_job_event(
    event: JobEvent, objects: Objects, table: Table, workflows: Workflows, settings: Settings, *, now_ms: int
) -> None:
    """Take in one event of a job. Late, doubled and foreign ones change nothing; what a job has written of an asset
    that was deleted meanwhile is removed."""
    if event.status is JobStatus.STATUS_UPDATE:
        if event.percent is not None:
            table.note_percent(event.asset_id, event.plan_hash, event.percent, now_ms=now_ms)
        return
    if table.settle_job(event.asset_id, event.attempt, event, now_ms=now_ms):
        table.add_work(event.asset_id, mediaconvert_microusd=cost_microusd(event), now_ms=now_ms)
        logger.info("job ended", extra={"job_id": event.job_id, "job_status": event.status.value, "code": event.code})
    _end_wait(event.asset_id, event.attempt, table, workflows)
    try:
        withdraw_if_given_up(event.asset_id, objects, table, settings)
    except (WorkSuperseded, AssetNotFound):
        logger.info("the asset of the job is gone", extra={"job_id": event.job_id})


def turned_size(asset: Asset, rotate: str) -> tuple[int, int] | None:
    """As the source is shown once MediaConvert has turned it: AUTO is as the file says; degrees are clockwise, of the
    picture as it is stored, whatever the file says."""
    size = displayed_size(asset)
    video = asset.source_info.video if asset.source_info else None
    if size is None or video is None or rotate == InputRotate.AUTO:
        return size
    lies_across = rotate in (InputRotate.QUARTER, InputRotate.THREE_QUARTERS)
    return size if lies_across == (video.rotation % 180 == 90) else (size[1], size[0])


def cost_microusd(event: JobEvent) -> int:
    """Of what the job has written, in millionths of a US dollar."""
    usd = sum(
        (mediaconvert_usd(Fraction(seconds), _DEFAULT_RATE, [height]) for height, seconds in event.billed_seconds),
        Fraction(0),
    )
    return round(usd * _MICRO)


def _order(asset: Asset, jobs: MediaConvert, chosen: Settings, deployment: Settings) -> tuple[JobOrder, int]:
    """The job without its destination, and the profile of its template."""
    size = turned_size(asset, chosen.input_rotate)
    profile = choose_profile(*size) if size else PROFILES[-1]
    name = asset.options.job_template or template_of(profile, chosen.job_templates)
    template = jobs.find_template(template_names(name))
    identity = {"guid": asset.id, "workflow": deployment.stage, "attempt": str(asset.attempt)}
    order = JobOrder(
        template=template,
        custom=name not in deployment.job_templates,
        source_uri=f"s3://{asset.source_bucket}/{asset.source_key}",
        destination="",
        role_arn=deployment.mediaconvert_role_arn,
        rotate=chosen.input_rotate,
        acceleration=chosen.accelerated_transcoding,
        size=size,
        has_audio=bool(asset.source_info and asset.source_info.audio),
        capture=fit_box(*size, profile) if size and chosen.frame_capture else None,
        metadata=identity,
        tags={"sluice:asset": asset.id, "sluice:stage": deployment.stage},
    )
    return order, profile


def _estimate(asset: Asset, deployment: Settings) -> Fraction:
    """Of the whole job, because a job cannot be stopped at a price; nothing where that is not known."""
    facts = _facts(asset, settings_for(asset.options, deployment))
    if facts.duration is None:
        return Fraction(0)
    heights = [min(size) for size in facts.renditions] * TEMPLATE_GROUPS
    return mediaconvert_usd(facts.duration, facts.frame_rate, heights)


def _cancel_earlier(asset: Asset, table: Table, jobs: MediaConvert) -> None:
    """End the job of an earlier attempt, if it has not ended: nobody waits for it any more, and it costs."""
    job = asset.job
    if job is not None and job.attempt < asset.attempt and table.get_job(asset.id, job.attempt).outcome is None:
        jobs.cancel_job(job.id)


def _job_token(asset_id: str, attempt: int) -> str:
    """CreateJob's ClientRequestToken: one job for each attempt."""
    return f"{asset_id}-{attempt}"


def _end_wait(asset_id: str, attempt: int, table: Table, workflows: Workflows) -> None:
    """Tell the state machine, if it waits and there is something to tell. To tell it twice does no harm."""
    wait = table.get_job(asset_id, attempt)
    if wait.token is None or wait.outcome is None:
        return
    if wait.outcome.status is JobStatus.COMPLETE:
        workflows.succeed_task(wait.token, {"PlanHash": wait.outcome.plan_hash})
        return
    error = failure_of(wait.outcome)
    workflows.fail_task(wait.token, type(error).__name__, error.message)


def failure_of(event: JobEvent) -> SluiceError:
    """The error of our table for a job that did not complete."""
    if event.status is JobStatus.CANCELED:
        return MediaConvertCancelled("the job was cancelled in MediaConvert", job_id=event.job_id)
    number = f" {event.code}" if event.code is not None else ""
    said = event.message or "no reason was given"
    return MediaConvertFailed(f"MediaConvert error{number}: {said}", job_id=event.job_id)
