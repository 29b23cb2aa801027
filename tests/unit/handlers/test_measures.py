"""What is counted and timed, as lines of CloudWatch's embedded metric format."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.catalog.asset import AssetStatus
from chalicelib.catalog.events import EventType, event
from chalicelib.errors import EncoderKilled, PlanMismatch
from chalicelib.handlers.measures import measure_event, measured_chunk
from tests.unit.catalog.samples import NOW_MS, an_asset, an_upload

_VIEW: dict[str, Any] = {"cost": {"accrued_usd": 0.0125}}


def _measured(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    written: dict[str, float] = {}
    for line in lines:
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "Sluice"
        assert directive["Dimensions"] == [["service"]]
        written |= {metric["Name"]: line[metric["Name"]][0] for metric in directive["Metrics"]}
    return written


def _of_asset(kind: EventType, **changes: Any) -> None:
    asset = an_asset(**changes)
    measure_event(event(kind, asset, at_ms=NOW_MS + 2500, attempt=asset.attempt), _VIEW)


def test_a_ready_asset_is_counted_timed_and_priced(capsys: pytest.CaptureFixture[str]) -> None:
    """The time is that since its creation."""
    _of_asset(EventType.ASSET_READY, status=AssetStatus.READY, attempt=1)
    assert _measured(capsys) == {"AssetsReady": 1, "TimeToReady": 2.5, "Cost": 0.0125}


def test_a_playable_asset_is_timed(capsys: pytest.CaptureFixture[str]) -> None:
    """It is counted when it is ready."""
    _of_asset(EventType.ASSET_PLAYABLE, attempt=1)
    assert _measured(capsys) == {"TimeToPlayable": 2.5}


def test_only_the_first_attempt_is_timed(capsys: pytest.CaptureFixture[str]) -> None:
    """A later one began whenever somebody asked for it."""
    _of_asset(EventType.ASSET_READY, status=AssetStatus.READY, attempt=2)
    _of_asset(EventType.ASSET_PLAYABLE, attempt=2)
    assert _measured(capsys) == {"AssetsReady": 1, "Cost": 0.0125}


def test_failures_and_uploads_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """And events that no metric is about write nothing."""
    _of_asset(EventType.ASSET_ERRORED, status=AssetStatus.ERRORED)
    measure_event(event(EventType.UPLOAD_COMPLETED, an_upload(), at_ms=NOW_MS), {})
    assert _measured(capsys) == {"AssetsErrored": 1, "Uploads": 1}
    _of_asset(EventType.ASSET_UPDATED)
    assert capsys.readouterr().out == ""


def test_a_rendered_chunk_is_counted_and_timed(capsys: pytest.CaptureFixture[str]) -> None:
    """One line for both."""
    with measured_chunk():
        pass
    measured = _measured(capsys)
    assert measured.keys() == {"ChunksRendered", "ChunkSeconds"}
    assert measured["ChunkSeconds"] >= 0


def test_a_chunk_that_its_encoder_failed_on_is_counted_as_that(capsys: pytest.CaptureFixture[str]) -> None:
    """The error goes on its way; what the encoder had no part in is not its failure."""
    with pytest.raises(EncoderKilled), measured_chunk():
        raise EncoderKilled("killed")
    assert _measured(capsys) == {"EncoderFailures": 1}
    with pytest.raises(PlanMismatch), measured_chunk():
        raise PlanMismatch("no such chunk")
    assert capsys.readouterr().out == ""
