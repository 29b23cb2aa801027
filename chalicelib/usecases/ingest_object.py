"""What an object that appeared in the source bucket sets going."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from chalicelib.catalog.asset import Asset
from chalicelib.catalog.vod.triggers import Trigger, trigger_of
from chalicelib.errors import ExtensionNotAllowed
from chalicelib.usecases.ingest import asset_of, ingest_source, refuse
from chalicelib.usecases.ingest_metadata import ingest_metadata

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.aws.queues import Queues
    from chalicelib.aws.table import Table
    from chalicelib.settings import Settings
    from chalicelib.tools import Tools

logger = logging.getLogger(__name__)

_TRIGGERS = {"video": Trigger.VIDEO, "metadata": Trigger.METADATA}


def ingest_object(
    objects: Objects,
    table: Table,
    queues: Queues,
    tools: Tools,
    settings: Settings,
    *,
    bucket: str,
    key: str,
    now_ms: int,
) -> Asset | None:
    """The asset that the object became, or belongs to; None if it is none of our business.

    Raises:
        ObjectMissing: If the object is gone again.
    """
    try:
        trigger = trigger_of(
            key,
            triggers=[_TRIGGERS[word] for word in settings.triggers],
            metadata_prefix=settings.metadata_prefix,
            metadata_extensions=settings.metadata_extensions,
            video_extensions=settings.video_extensions,
        )
    except ExtensionNotAllowed as error:
        head = objects.head(bucket, key)
        return refuse(asset_of(table, head, bucket, key, settings, now_ms), head, error, table, now_ms)
    if trigger is None:
        logger.info("not a trigger of this deployment", extra={"key": key})
        return None
    ingest = ingest_metadata if trigger is Trigger.METADATA else ingest_source
    return ingest(objects, table, queues, tools, settings, bucket=bucket, key=key, now_ms=now_ms)
