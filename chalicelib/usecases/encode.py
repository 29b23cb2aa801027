"""From the encode queue to a running state machine.

Invariant: one execution for each (asset, source bytes, attempt), because that is the execution's name. A message that
comes twice, or late, starts nothing.
"""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING

from chalicelib.catalog.asset import Asset, AssetChange, AssetStatus
from chalicelib.errors import AssetNotFound

if TYPE_CHECKING:
    from chalicelib.aws.table import Table
    from chalicelib.aws.workflows import Workflows

logger = logging.getLogger(__name__)

_ETAG_DIGITS = 12


def start_encode(asset_id: str, etag: str, table: Table, workflows: Workflows, *, now_ms: int) -> None:
    """Start publishing an ingested asset, unless it no longer waits for these bytes."""
    try:
        asset = table.get_asset(asset_id)
    except AssetNotFound:
        logger.info("message of an unknown asset", extra={"asset_id": asset_id})
        return
    if asset.status is not AssetStatus.PREPARING or asset.source_etag != etag:
        logger.info("message out of date", extra={"asset_id": asset_id, "status": asset.status})
        return
    state_input = {"AssetId": asset.id, "Etag": etag, "Attempt": asset.attempt}
    arn = workflows.start_publish(execution_name(asset, etag), state_input)
    noted = table.update_asset(
        asset.id,
        AssetChange(execution_arn=arn),
        expect=frozenset({AssetStatus.PREPARING}),
        now_ms=now_ms,
        unchanged=AssetChange(attempt=asset.attempt),
    )
    if noted is None:
        workflows.stop(arn, error="WorkSuperseded", cause="the asset was given up before its work was started")


def execution_name(asset: Asset, etag: str) -> str:
    """At most 80 characters of those that Step Functions takes; an etag may hold others."""
    digest = hashlib.sha256(etag.encode()).hexdigest()[:_ETAG_DIGITS]
    return f"{asset.id}-{digest}-{asset.attempt}"
