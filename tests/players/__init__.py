"""The players that a publication is held against: those of the page, and shaka-player, which the page does not use.

shaka-player comes from npm by integrity hash, as the test browser does; nothing of it is committed.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from sluice import npm
from sluice.paths import Project

DRIVER = Path(__file__).parent / "driver.js"
_MANIFEST = Path(__file__).parent
_BUILD = Project.here().root / "build" / "players"
_SHAKA = "shaka-player/dist/shaka-player.compiled-es2021.js"


def shaka_player() -> Path:
    """The built script, brought in at the first call for this lock file."""
    lock = (_MANIFEST / "package-lock.json").read_text()
    stamp, script = _BUILD / ".complete", _BUILD / "shaka-player.js"
    if not (stamp.is_file() and stamp.read_text() == lock):
        _BUILD.mkdir(parents=True, exist_ok=True)
        with npm.installed(_MANIFEST, _BUILD.parent / "npm" / "players") as modules:
            shutil.copyfile(modules / _SHAKA, script)
        stamp.write_text(lock)
    return script
