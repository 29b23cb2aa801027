"""The Encode function: messages of the encode queue.

A message that fails is reported alone (partial batch response), comes back after the queue's visibility timeout, and
after five tries goes to the dead-letter queue `<stack>-encode-dead`. The queue's name here is a placeholder; the merge
template names the stack's own, and turns ReportBatchItemFailures on.
"""

from __future__ import annotations

from chalice.app import Blueprint, SQSEvent

from chalicelib.aws.queues import RenditionMessage, parse_message
from chalicelib.handlers import wiring
from chalicelib.handlers.batches import BatchAnswer, each_message
from chalicelib.handlers.entry import asset_context, lambda_entry
from chalicelib.handlers.triggers import stack_queue
from chalicelib.usecases.encode import start_encode
from chalicelib.usecases.renditions import start_rendition

blueprint = Blueprint(__name__)


@blueprint.on_sqs_message(queue=stack_queue("encode"), batch_size=5, maximum_concurrency=2)
@lambda_entry("encode")
def encode(event: SQSEvent) -> BatchAnswer:
    return each_message(event, _start)


def _start(body: str) -> None:
    message = parse_message(body)
    of = wiring.services()
    with asset_context(message.asset_id):
        if isinstance(message, RenditionMessage):
            start_rendition(message, of.table, of.workflows, now_ms=of.clock())
        else:
            start_encode(message.asset_id, message.etag, of.table, of.workflows, now_ms=of.clock())
