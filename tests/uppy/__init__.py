"""Uppy, as its users have it: a site of one page, with @uppy/core, @uppy/aws-s3 and @uppy/golden-retriever.

They come from npm by integrity hash, as the test browser does, with the esbuild that makes one script of them; nothing
of it is committed.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sluice import npm
from sluice.paths import Project
from tests.site import served

_MANIFEST = Path(__file__).parent
_BUILD = Project.here().root / "build" / "uppy"
_FILES = ("index.html", "page.js")


@contextmanager
def uppy_site() -> Iterator[str]:
    """The site's origin while it is served."""
    with served(_built()) as origin:
        yield origin


def _built() -> Path:
    """The folder of the site, made at the first call for this lock file and this page."""
    made_of = "".join((_MANIFEST / name).read_text() for name in ("package-lock.json", *_FILES))
    stamp = _BUILD / ".complete"
    if not (stamp.is_file() and stamp.read_text() == made_of):
        _BUILD.mkdir(parents=True, exist_ok=True)
        with npm.installed(_MANIFEST, _BUILD.parent / "npm" / "uppy") as modules:
            for name in _FILES:
                shutil.copyfile(_MANIFEST / name, modules.parent / name)
            esbuild = modules / "@esbuild" / "linux-x64" / "bin" / "esbuild"
            words = ["--bundle", "--format=iife", "--log-level=error", f"--outfile={_BUILD / 'uppy.js'}"]
            subprocess.run([esbuild, modules.parent / "page.js", *words], check=True, timeout=120)
        shutil.copyfile(_MANIFEST / "index.html", _BUILD / "index.html")
        stamp.write_text(made_of)
    return _BUILD
