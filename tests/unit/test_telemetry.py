"""The context of log lines."""

from __future__ import annotations

import json
import logging

import pytest

from chalicelib.telemetry import configure_logging, log_context, measure


def test_fields_last_as_long_as_the_block(capsys: pytest.CaptureFixture[str]) -> None:
    """A field is on every line inside its block, inner ones win, and none stays behind."""
    configure_logging()
    logger = logging.getLogger("chalicelib.test")
    with log_context({"asset_id": "as_1", "step": "outer"}):
        with log_context({"step": "inner"}):
            logger.info("one")
        logger.info("two")
    logger.info("three")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line.get("asset_id"), line.get("step")) for line in lines] == [
        ("as_1", "inner"),
        ("as_1", "outer"),
        (None, None),
    ]


def test_a_metric_is_a_line_that_names_the_stack(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In CloudWatch's embedded metric format, with the context to search for; the stack is the only dimension."""
    monkeypatch.setenv("SLUICE_STAGE", "sluice-test")
    with log_context({"asset_id": "as_1"}):
        measure(counts={"Things": 2}, seconds={"Wait": 0.5}, amounts={"Usd": 0.01})
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Dimensions"] == [["service"]]
    units = {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]}
    assert units == {"Things": "Count", "Wait": "Seconds", "Usd": "None"}
    assert (line["service"], line["asset_id"], line["Things"]) == ("sluice-test", "as_1", [2.0])


def test_each_line_of_level_error_is_a_fault(capsys: pytest.CaptureFixture[str]) -> None:
    """A warning is none."""
    configure_logging()
    logging.getLogger("chalicelib.test").warning("tried again")
    logging.getLogger("chalicelib.test").error("ours")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line.get("level", "Faults" in line) for line in lines] == ["WARNING", "ERROR", True]
