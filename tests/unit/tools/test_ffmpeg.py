"""What ffmpeg is asked, with a small program in its place; how it is run is in test_program.py."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from chalicelib.errors import UnsupportedMedia
from chalicelib.media.source import Container
from chalicelib.tools.ffmpeg import Ffmpeg

Script = Callable[[str], Ffmpeg]


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """A shell script in the place of ffmpeg."""

    def write(words: str) -> Ffmpeg:
        path = tmp_path / "ffmpeg"
        path.write_text(f"#!/bin/sh\n{words}\n")
        path.chmod(0o755)
        return Ffmpeg(str(path))

    return write


def test_an_unreadable_container_is_the_customers(script: Script, tmp_path: Path) -> None:
    """The scan of a damaged file fails as unsupported media, not as our fault."""
    with pytest.raises(UnsupportedMedia):
        script("echo 'Invalid data' >&2; exit 183").scan_packets(
            tmp_path / "x", container=Container.MP4, deadline=time.monotonic() + 20
        )


def test_the_version_is_asked_once(script: Script, tmp_path: Path) -> None:
    """Every plan carries it."""
    tool = script(f"echo x >> {tmp_path}/runs; echo 'ffmpeg version n8.1.2 Copyright (c)'")
    assert tool.version() == tool.version() == "n8.1.2"
    assert (tmp_path / "runs").read_text() == "x\n"
