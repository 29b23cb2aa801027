"""A studio whose scratch disk is the test's own folder."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.unit.usecases.studio import Studio


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Studio:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return Studio()
