"""What ends an encoder that nobody wants any more."""

from __future__ import annotations

import pytest

from chalicelib.catalog.asset import AssetStatus
from chalicelib.errors import WorkSuperseded
from chalicelib.usecases.watch import LOOK_EVERY_S, AssetWatch
from tests.unit.usecases.studio import Studio


def test_a_watch_looks_now_and_then(studio: Studio) -> None:
    """Not at every call; but once its time has come, it raises for an asset that was given up."""
    now_s = 0.0
    watch = AssetWatch(studio.asset.id, studio.table, lambda: now_s)
    watch.look()
    studio.end(AssetStatus.CANCELLED)
    watch.look()
    now_s = LOOK_EVERY_S
    with pytest.raises(WorkSuperseded):
        watch.look()
