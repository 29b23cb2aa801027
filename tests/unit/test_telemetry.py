"""The context of log lines."""

from __future__ import annotations

import json
import logging

import pytest

from chalicelib.telemetry import configure_logging, log_context


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
