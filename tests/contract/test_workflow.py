"""The workflow of CI, by actionlint; `make scan` holds it against GitHub's own schema besides."""

from __future__ import annotations

import pytest

from sluice.paths import Project
from tests.actionlint import complaints

_WORKFLOW = (Project.here().root / ".github" / "workflows" / "ci.yml").read_text()


def test_the_workflow_is_sound() -> None:
    """Every expression, need and key of it is one that GitHub knows."""
    assert complaints(_WORKFLOW) == []


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ("matrix.python }}", "matrix.pythn }}", 'property "pythn" is not defined'),
        ("needs: [test,", "needs: [tests,", 'needs job "tests" which does not exist'),
    ],
)
def test_slips_are_found(right: str, wrong: str, complaint: str) -> None:
    """A name in an expression, or of a job, that leads nowhere."""
    assert right in _WORKFLOW
    assert any(complaint in each for each in complaints(_WORKFLOW.replace(right, wrong)))
