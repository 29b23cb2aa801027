"""The workflow of CI: what it runs exists, and only a person's word deploys."""

from __future__ import annotations

import re
import shlex
from typing import Any

import click
import yaml

from sluice.cli import main
from sluice.paths import Project

_ROOT = Project.here().root
_JOBS: dict[str, Any] = yaml.safe_load((_ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]


def _commands() -> list[list[str]]:
    steps = [step for job in _JOBS.values() for step in job["steps"]]
    return [shlex.split(line) for step in steps if "run" in step for line in step["run"].splitlines()]


def test_every_command_exists() -> None:
    """Each step is a target of the Makefile, or a verb of sluice with options that it takes."""
    targets = set(re.findall(r"^([a-z0-9]+):", (_ROOT / "Makefile").read_text(), re.MULTILINE))
    for program, verb, *words in _commands():
        if program == "make":
            assert verb in targets
        else:
            assert program == ".venv/bin/sluice"
            command = main.commands[verb]
            # Reads the words, and runs nothing.
            assert isinstance(command.make_context(verb, list(words)), click.Context)


def test_linted_tested_packaged_and_scanned_before_anybody_deploys() -> None:
    """A deployment waits for everything else, for the reviewers of its environment, and for a start by hand."""
    assert {"lint", "test", "package", "scan"} <= {words[1] for words in _commands()}
    deploy = _JOBS["deploy"]
    assert set(deploy["needs"]) == set(_JOBS) - {"deploy"}
    assert (deploy["if"], deploy["environment"]) == ("github.event_name == 'workflow_dispatch'", "sandbox")
    assert deploy["permissions"] == {"contents": "read", "id-token": "write"}
    assert [job for job, body in _JOBS.items() if "id-token" in str(body.get("permissions"))] == ["deploy"]
