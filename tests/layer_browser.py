"""The browser of the layer, unpacked for programs that run beside Lambda: tests, benchmarks, the smoke test."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

from chalicelib.tools.browser_files import IDENTITY, LAYER_FOLDER, BrowserFiles, unpacked
from sluice.browser_layer import build_browser
from sluice.paths import Project

UNPACKED = "unpacked"


def layer_browser(project: Project | None = None) -> BrowserFiles:
    """Build the layer unless it is there, and unpack it once for each of its contents."""
    project = project or Project.here()
    built = build_browser(project.browser_layer_zip, project.root / "build" / "npm" / "browser")
    home = project.root / "build" / "browser" / built.sha256[:16]
    if not home.is_dir():
        fresh = home.with_name(f"{home.name}.{os.getpid()}")
        with zipfile.ZipFile(built.path) as archive:
            # Our own archive. Zip files keep no modes here: the one program in it is unpacked by `unpacked`.
            archive.extractall(fresh)
        (fresh / LAYER_FOLDER / UNPACKED).mkdir()
        _put_in_place(fresh, home)
    layer = home / LAYER_FOLDER
    return BrowserFiles(layer, unpacked(layer, layer / UNPACKED))


def _put_in_place(fresh: Path, home: Path) -> None:
    """Unless another process was quicker."""
    try:
        fresh.rename(home)
    except OSError:
        shutil.rmtree(fresh)
        if not (home / LAYER_FOLDER / IDENTITY).is_file():
            raise
