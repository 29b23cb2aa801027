from __future__ import annotations

import os
from dataclasses import replace

import pytest

from sluice.processes import ProcessId, clean_environ


def test_a_reused_number_is_another_process() -> None:
    """A recorded process is alive only while number and start time both match."""
    me = ProcessId.of(os.getpid())

    assert me is not None
    assert me.is_alive()
    assert not replace(me, started_ticks=me.started_ticks - 1).is_alive()
    assert ProcessId.of(2**22 + 1) is None


def test_children_see_nothing_of_aws_or_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child process gets what tools need of the environment, never credentials or import paths."""
    for name in ("AWS_PROFILE", "AWS_SECRET_ACCESS_KEY", "PYTHONPATH", "LD_PRELOAD", "SECRET"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example")
    environ = clean_environ(EXTRA="1")

    assert not {"AWS_PROFILE", "AWS_SECRET_ACCESS_KEY", "PYTHONPATH", "LD_PRELOAD", "SECRET"} & set(environ)
    assert (environ["PIP_INDEX_URL"], environ["EXTRA"]) == ("https://index.example", "1")
    assert "PATH" in environ
