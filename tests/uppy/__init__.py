"""Uppy, as its users have it: one page, with @uppy/core, @uppy/aws-s3 and @uppy/golden-retriever in one script.

They come from npm by integrity hash, as the test browser does, with the esbuild that joins them; nothing of it is
committed.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from sluice import npm
from sluice.paths import Project

PAGE = '<!doctype html><meta charset="utf-8"><title>Uppy</title><input type="file"><script src="/uppy.js"></script>'
_MANIFEST = Path(__file__).parent
_BUILD = Project.here().root / "build" / "uppy"


def uppy_script() -> Path:
    """The script of the page, made at the first call for this lock file and this page."""
    source = _MANIFEST / "page.js"
    made_of = (_MANIFEST / "package-lock.json").read_text() + source.read_text()
    stamp, script = _BUILD / ".complete", _BUILD / "uppy.js"
    if not (stamp.is_file() and stamp.read_text() == made_of):
        _BUILD.mkdir(parents=True, exist_ok=True)
        with npm.installed(_MANIFEST, _BUILD.parent / "npm" / "uppy") as modules:
            entry = modules.parent / source.name
            shutil.copyfile(source, entry)
            esbuild = modules / "@esbuild" / "linux-x64" / "bin" / "esbuild"
            subprocess.run(
                [esbuild, entry, "--bundle", "--format=iife", "--log-level=error", f"--outfile={script}"],
                check=True,
                timeout=120,
            )
        stamp.write_text(made_of)
    return script
