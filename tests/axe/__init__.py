"""axe-core: what a machine can tell of accessibility. It comes from npm by integrity hash, as the players do."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from sluice import npm
from sluice.paths import Project

_MANIFEST = Path(__file__).parent
_BUILD = Project.here().root / "build" / "axe"
_RUN = "async () => (await axe.run(document, { resultTypes: ['violations'] })).violations"


def violations(page: Page) -> list[str]:
    """What breaks a rule of WCAG or of axe's best practices, with the elements that do."""
    page.evaluate(_script())
    found: list[dict[str, Any]] = page.evaluate(_RUN)
    return [f"{each['id']}: {[node['html'] for node in each['nodes']]}" for each in found]


@cache
def _script() -> str:
    lock = (_MANIFEST / "package-lock.json").read_text()
    stamp, script = _BUILD / ".complete", _BUILD / "axe.js"
    if not (stamp.is_file() and stamp.read_text() == lock):
        _BUILD.mkdir(parents=True, exist_ok=True)
        with npm.installed(_MANIFEST, _BUILD.parent / "npm" / "axe") as modules:
            shutil.copyfile(modules / "axe-core" / "axe.min.js", script)
        stamp.write_text(lock)
    return script.read_text()
