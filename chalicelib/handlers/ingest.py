"""The Ingest function: objects that appear in the source bucket, by whatever way they got there.

A video becomes an asset; a metadata file names one (`catalog/vod/triggers.py` tells them apart).
"""

from __future__ import annotations

import logging

from chalice.app import Blueprint

from chalicelib.catalog.keys import UPLOADS_PREFIX
from chalicelib.errors import ObjectMissing
from chalicelib.handlers import wiring
from chalicelib.handlers.entry import lambda_entry
from chalicelib.handlers.triggers import ObjectCreated, on_object_created
from chalicelib.usecases.ingest_object import ingest_object

logger = logging.getLogger(__name__)

blueprint = Blueprint(__name__)


@on_object_created(blueprint, prefix=UPLOADS_PREFIX)
@lambda_entry("ingest")
def ingest(created: ObjectCreated) -> None:
    of = wiring.services()
    try:
        ingest_object(
            of.objects,
            of.table,
            of.queues,
            of.tools,
            of.settings,
            bucket=created.bucket,
            key=created.key,
            now_ms=of.clock(),
        )
    except ObjectMissing:
        logger.info("the object is gone again", extra={"key": created.key})
