"""A batch of SQS messages: one that fails is reported alone, comes back, and does not take the others along."""

from __future__ import annotations

import logging
from collections.abc import Callable

import msgspec
from chalice.app import SQSEvent

from chalicelib.errors import SluiceError

logger = logging.getLogger(__name__)

BatchAnswer = dict[str, list[dict[str, str]]]


def each_message(event: SQSEvent, handle: Callable[[str], None]) -> BatchAnswer:
    """Hand each body to `handle`; what raised an error of ours, or was no message of ours, is tried again by SQS."""
    failed = [record.to_dict()["messageId"] for record in event if not _handled(record.body, handle)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _handled(body: str, handle: Callable[[str], None]) -> bool:
    try:
        handle(body)
    except (SluiceError, msgspec.DecodeError) as error:
        logger.warning("message failed", extra={"error": type(error).__name__, "detail": str(error)})
        return False
    return True
