"""The README speaks of all there is: every route, every error code and every setting."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from chalicelib.errors import all_errors

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
OPENAPI = json.loads((ROOT / "chalicelib" / "handlers" / "openapi.json").read_text())


@pytest.mark.parametrize("error", list(all_errors()), ids=lambda error: error.__name__)
def test_every_error_code_is_explained_with_its_status(error: type) -> None:
    """A code that a client can meet stands in the table, in a row that names its status."""
    rows = [line for line in README.splitlines() if line.startswith("|") and f"`{error.code()}`" in line]  # type: ignore[attr-defined]
    assert len(rows) == 1
    assert str(error.status) in rows[0]  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", list(OPENAPI["paths"]))
def test_every_route_is_listed(path: str) -> None:
    """Each path of the API's own description is in the README, with each of its methods."""
    rows = [line for line in README.splitlines() if line.startswith("|") and f"{path}`" in line]
    listed = " ".join(rows)
    for method in OPENAPI["paths"][path].keys() & {"get", "post", "put", "patch", "delete"}:
        assert f"`{method.upper()} {path}`" in listed


def test_every_setting_is_explained() -> None:
    """No environment variable that the functions read is a secret of the code."""
    names = set(re.findall(r"SLUICE_[A-Z_]+", (ROOT / "chalicelib" / "settings.py").read_text()))
    assert names
    assert {name for name in names if f"`{name}`" not in README} == set()
