"""The way into functions that are not the API."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.errors import DeadlineNear, InternalFault, PlanMismatch
from chalicelib.handlers.entry import asset_context, lambda_entry

Lines = Callable[[], list[dict[str, Any]]]
CONTEXT = SimpleNamespace(aws_request_id="r-1")


def _function(error: Exception | None) -> Callable[[dict[str, str], object], str]:
    @lambda_entry("render")
    def render(event: dict[str, str], _context: object) -> str:
        with asset_context(event["asset"]):
            if error is not None:
                raise error
        return "done"

    return render


def test_a_result_leaves_one_line(log_lines: Lines) -> None:
    """The closing line names the function, the request and the time it took."""
    assert _function(None)({"asset": "as_1"}, CONTEXT) == "done"
    (line,) = log_lines()
    assert (line["message"], line["handler"], line["request_id"]) == ("render done", "render", "r-1")
    assert line["duration_ms"] >= 0
    assert "asset_id" not in line


def test_every_line_says_what_it_is_about(log_lines: Lines) -> None:
    """The asset or render of a state machine's event, in whatever envelope it comes."""

    @lambda_entry("render")
    def render(_event: dict[str, Any], _context: object) -> None:
        return None

    render({"Action": "plan", "AssetId": "as_1"}, CONTEXT)
    render({"Action": "renderChunk", "Input": {"AssetId": "as_2"}}, CONTEXT)
    render({"Action": "assemble", "Input": {"Payload": {"RenderId": "rn_1"}}}, CONTEXT)
    lines = log_lines()
    assert [(line.get("asset_id"), line.get("render_id")) for line in lines] == [
        ("as_1", None),
        ("as_2", None),
        (None, "rn_1"),
    ]


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (DeadlineNear("little time"), "DeadlineNear"),
        (PlanMismatch("other plan"), "PLAN_HASH_MISMATCH"),
        (OSError(errno.ENOSPC, "No space left on device"), "DiskFull"),
        (OSError(errno.EIO, "Input/output error"), "InternalFault"),
        (InternalFault("a bug"), "InternalFault"),
        (KeyError("a bug"), "InternalFault"),
    ],
)
def test_step_functions_sees_a_name_of_the_table(error: Exception, name: str, log_lines: Lines) -> None:
    """The class of what leaves the function is the error's one name on the wire, and one line says why."""
    with pytest.raises(Exception, match=r".*") as raised:
        _function(error)({"asset": "as_1"}, CONTEXT)
    assert type(raised.value).__name__ == name
    (line,) = log_lines()
    assert line["message"] == "render failed"
    assert ("stack_trace" in line) is (name == "InternalFault")


def test_a_disk_that_cannot_be_written_to_is_not_exchanged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the first use of it finds the disk full, `tempfile` would go to another."""
    full = tmp_path / "full"  # not there, so nothing can be written to it either
    monkeypatch.setenv("TMPDIR", str(full))
    monkeypatch.setattr(tempfile, "tempdir", None)
    _function(None)({"asset": "as_1"}, CONTEXT)
    with pytest.raises(FileNotFoundError):
        tempfile.mkdtemp()
    assert tempfile.gettempdir() == str(full)
