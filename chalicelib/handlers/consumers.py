"""The Encode function: messages of the encode queue.

A message that fails is reported alone (partial batch response), comes back after the queue's visibility timeout, and
after five tries goes to the dead-letter queue `<stack>-encode-dead`. The queue's name here is a placeholder; the merge
template names the stack's own, and turns ReportBatchItemFailures on.
"""

from __future__ import annotations

import logging

import msgspec
from chalice.app import Blueprint, SQSEvent

from chalicelib.aws.queues import RenditionMessage, parse_message
from chalicelib.errors import SluiceError
from chalicelib.handlers import wiring
from chalicelib.handlers.entry import asset_context, lambda_entry
from chalicelib.usecases.encode import start_encode
from chalicelib.usecases.renditions import start_rendition

logger = logging.getLogger(__name__)

blueprint = Blueprint(__name__)


@blueprint.on_sqs_message(queue="replaced-by-the-merge-template", batch_size=5, maximum_concurrency=2)
@lambda_entry("encode")
def encode(event: SQSEvent) -> dict[str, list[dict[str, str]]]:
    failed = [record.to_dict()["messageId"] for record in event if not _handled(record.body)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _handled(body: str) -> bool:
    of = wiring.services()
    try:
        message = parse_message(body)
        with asset_context(message.asset_id):
            if isinstance(message, RenditionMessage):
                start_rendition(message, of.table, of.workflows, now_ms=of.clock())
                return True
            start_encode(message.asset_id, message.etag, of.table, of.workflows, now_ms=of.clock())
    except (SluiceError, msgspec.DecodeError) as error:
        logger.warning("encode message failed", extra={"error": type(error).__name__, "detail": str(error)})
        return False
    return True
