"""Receipts in the source bucket: what is done, and what tries that ran out of time have left."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from chalicelib.catalog import keys
from chalicelib.errors import ObjectMissing
from chalicelib.media.receipt import (
    ChunkReceipt,
    PartialReceipt,
    parse_partial_receipt,
    parse_receipt,
    receipt_bytes,
)

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.settings import Settings

logger = logging.getLogger(__name__)

_JSON = "application/json"


def stored_receipt(
    asset_id: str, plan_hash: str, index: int, objects: Objects, settings: Settings
) -> ChunkReceipt | None:
    """The receipt of a task, or None as long as it is not done."""
    try:
        return parse_receipt(objects.read(settings.source_bucket, keys.receipt_key(asset_id, plan_hash, index)))
    except ObjectMissing:
        return None


def store_receipt(asset_id: str, receipt: ChunkReceipt, objects: Objects, settings: Settings) -> None:
    key = keys.receipt_key(asset_id, receipt.plan_hash, receipt.index)
    objects.write(settings.source_bucket, key, receipt_bytes(receipt), content_type=_JSON)


def stored_partial(asset_id: str, plan_hash: str, index: int, objects: Objects, settings: Settings) -> PartialReceipt:
    """What earlier tries have left of a task; nothing, if none ran out of time."""
    key = keys.partial_key(asset_id, plan_hash, index)
    try:
        return parse_partial_receipt(objects.read(settings.source_bucket, key))
    except ObjectMissing:
        return PartialReceipt(plan_hash, index)


def store_partial(asset_id: str, partial: PartialReceipt, objects: Objects, settings: Settings) -> None:
    """Keep what a try has left, unless another try of the same task has left more in the meantime."""
    found = stored_partial(asset_id, partial.plan_hash, partial.index, objects, settings)
    if found.segments <= partial.segments:
        key = keys.partial_key(asset_id, partial.plan_hash, partial.index)
        objects.write(settings.source_bucket, key, receipt_bytes(partial), content_type=_JSON)
    logger.info("out of time", extra={"index": partial.index, "segments": partial.segments, "found": found.segments})
