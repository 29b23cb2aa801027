"""The JobChanged function: what MediaConvert says of its jobs, by EventBridge.

The name of the workflow in the pattern is a placeholder; the merge template puts the stack's own there, so that other
stacks' jobs wake nobody.
"""

from __future__ import annotations

import logging

from chalice.app import Blueprint, CloudWatchEvent

from chalicelib.catalog.vod.outcome import JobStatus, job_event
from chalicelib.handlers import wiring
from chalicelib.handlers.entry import asset_context, lambda_entry
from chalicelib.handlers.triggers import stack_name
from chalicelib.usecases.transcode import note_job_event

logger = logging.getLogger(__name__)

blueprint = Blueprint(__name__)


@blueprint.on_cw_event(
    {
        "source": ["aws.mediaconvert"],
        "detail-type": ["MediaConvert Job State Change"],
        "detail": {
            "status": [status.value for status in JobStatus],
            "userMetadata": {"workflow": [stack_name()]},
        },
    }
)
@lambda_entry("job_changed")
def job_changed(event: CloudWatchEvent) -> None:
    of = wiring.services()
    changed = job_event(event.detail)
    if changed is None:
        logger.info("not a job of ours")
        return
    with asset_context(changed.asset_id):
        note_job_event(changed, of.objects, of.table, of.workflows, of.settings, now_ms=of.clock())
