from __future__ import annotations

import json

import pytest

from sluice.functionlogs import LogLine, _function_of, format_line


def test_a_json_line_is_readable() -> None:
    """Level and message come first, what else the line carries follows, and a traceback keeps its lines."""
    document = {
        "level": "ERROR",
        "location": "x:1",
        "message": "render failed",
        "asset_id": "as_1",
        "exception": "Traceback\n  File x\nBoom: no",
        "exception_name": "Boom",
        "stack_trace": {"frames": []},
    }
    text = format_line(LogLine(0, "Render", json.dumps(document)))

    assert "Render        ERROR   render failed  asset_id=as_1\n    Traceback\n      File x\n    Boom: no" in text
    assert "stack_trace" not in text
    assert "location" not in text


def test_a_plain_line_stays() -> None:
    """A line that is not JSON is shown as it is; the runtime's carriage returns become lines."""
    assert format_line(LogLine(0, "Render", "[ERROR] Boom\rTraceback")).endswith(
        "Render        [ERROR] Boom\n    Traceback"
    )


@pytest.mark.parametrize(
    ("group", "function"),
    [
        ("/aws/lambda/sluice-local-Render-5CF40A3A5E171", "Render"),
        ("/aws/lambda/sluice-local-job-changed", "job-changed"),
        ("/aws/lambda/sluice-local-api", "api"),
    ],
)
def test_a_function_is_named_by_its_log_group(group: str, function: str) -> None:
    """Generated names lose their end; names of our own are kept whole."""
    assert _function_of(group, "/aws/lambda/sluice-local-") == function
