"""The Fetch function: sources that are fetched from URLs, one message an invocation.

A worker ends well before its time and leaves the rest to the next message. The queue's name is a placeholder, as in
`consumers.py`.
"""

from __future__ import annotations

import secrets
from typing import Any

from chalice.app import Blueprint, SQSEvent

from chalicelib.aws.queues import parse_fetch_message
from chalicelib.handlers import wiring
from chalicelib.handlers.batches import BatchAnswer, each_message
from chalicelib.handlers.entry import asset_context, lambda_entry
from chalicelib.handlers.triggers import stack_queue
from chalicelib.usecases.fetch_source import fetch_source
from chalicelib.usecases.progress import metered

RESERVE_MS = 60_000
"""Of a worker's time, for its last part, and for what is to be noted."""

blueprint = Blueprint(__name__)


@blueprint.on_sqs_message(queue=stack_queue("fetch"), batch_size=1, maximum_concurrency=10)
@lambda_entry("fetch")
def fetch(event: SQSEvent) -> BatchAnswer:
    context: Any = event.context
    left_ms, memory_mb = int(context.get_remaining_time_in_millis()), int(context.memory_limit_in_mb)
    return each_message(event, lambda body: _fetch(body, left_ms, memory_mb))


def _fetch(body: str, left_ms: int, memory_mb: int) -> None:
    asset_id = parse_fetch_message(body).asset_id
    of = wiring.services()
    deadline_ms = of.clock() + left_ms - RESERVE_MS
    with asset_context(asset_id), metered(asset_id, of.table, memory_mb=memory_mb, clock=of.clock):
        fetch_source(
            asset_id,
            of.download,
            of.objects,
            of.table,
            of.queues,
            of.tools,
            of.settings,
            lease=secrets.token_hex(8),
            deadline_ms=deadline_ms,
            clock=of.clock,
        )
