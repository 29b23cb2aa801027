"""What two commands would fill together, they fill one after the other."""

from __future__ import annotations

import threading
from pathlib import Path

from sluice.only_one import only_one
from sluice.paths import Project


def test_a_second_command_waits_for_the_first(tmp_path: Path) -> None:
    """It begins when the other has ended, and what is named otherwise does not wait."""
    project, told = Project(tmp_path), []
    begun = threading.Event()

    def second() -> None:
        begun.set()
        with only_one(project, "layers"):
            told.append("second")

    with only_one(project, "layers"):
        other = threading.Thread(target=second)
        other.start()
        assert begun.wait(5)
        with only_one(project, "page"):
            other.join(0.1)
            told.append("first")
    other.join(5)
    assert told == ["first", "second"]
