"""What happens, as metrics (docs/operate.md): of events, and of the chunks that are rendered."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from chalicelib.catalog.asset import Asset
from chalicelib.catalog.events import Event, EventType
from chalicelib.errors import BrowserCrashed, EncoderFailed, EncoderKilled, EncoderOutputMalformed
from chalicelib.telemetry import measure

_COUNTED = {
    EventType.UPLOAD_COMPLETED: "Uploads",
    EventType.ASSET_READY: "AssetsReady",
    EventType.ASSET_ERRORED: "AssetsErrored",
}
_TIMED = {EventType.ASSET_PLAYABLE: "TimeToPlayable", EventType.ASSET_READY: "TimeToReady"}


def measure_event(event: Event, view: Mapping[str, Any]) -> None:
    """Count an event, and time what came of an asset's first attempt: a later one began whenever somebody asked for it.

    Args:
        view: The event's subject as the API shows it.
    """
    counts = {_COUNTED[event.type]: 1} if event.type in _COUNTED else {}
    seconds, amounts = {}, {}
    if isinstance(event.subject, Asset):
        if event.type in _TIMED and event.subject.attempt == 1:
            seconds[_TIMED[event.type]] = (event.at_ms - event.subject.created_at_ms) / 1000
        if event.type is EventType.ASSET_READY:
            amounts["Cost"] = view["cost"]["accrued_usd"]
    if counts or seconds:
        measure(counts=counts, seconds=seconds, amounts=amounts)


@contextmanager
def measured_chunk() -> Iterator[None]:
    """Count the chunk that the block renders and its time, or the failure of what it was rendered with."""
    started = time.perf_counter()
    try:
        yield
    except (BrowserCrashed, EncoderFailed, EncoderKilled, EncoderOutputMalformed):
        measure(counts={"EncoderFailures": 1})
        raise
    measure(counts={"ChunksRendered": 1}, seconds={"ChunkSeconds": time.perf_counter() - started})
