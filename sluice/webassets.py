"""The player's files: brought from npm into chalicelib/web/vendor, where the page expects them (docs/decisions/0001).

Invariant: the folder is either complete for the present lock file or absent; the stamp that says which is written into
a folder that then takes its place in one rename. A second call with the same lock file costs one file read.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from sluice import npm
from sluice.paths import Project

_STAMP = ".complete"
_FONT_FACE = """@font-face {
  font-family: "Instrument Sans";
  src: url("data:font/woff2;base64,%s") format("woff2");
  font-weight: 400 700;
  font-stretch: 75%% 100%%;
  font-display: swap;
}
"""


@dataclass(frozen=True, slots=True)
class _File:
    """One file that the page loads: where its package keeps it, and what it is called in web/vendor."""

    package: str
    path: str
    name: str


_FILES = (
    # The light build has no alternate audio, and our audio is always a rendition of its own.
    _File("hls.js", "dist/hls.min.mjs", "hls.js"),
    _File("hls.js", "LICENSE", "licences/hls.js.txt"),
    _File("dashjs", "dist/modern/esm/dash.mediaplayer.min.js", "dash.js"),
    _File("dashjs", "LICENSE.md", "licences/dash.js.txt"),
    _File("dashjs", "dist/modern/esm/dash.mediaplayer.min.js.LICENSE.txt", "licences/dash.js-bundled.txt"),
    _File(
        "@fontsource-variable/instrument-sans",
        "files/instrument-sans-latin-wdth-normal.woff2",
        "instrument-sans.css",
    ),
    _File("@fontsource-variable/instrument-sans", "LICENSE", "licences/instrument-sans.txt"),
)


def ensure(project: Project | None = None) -> Path:
    """Make web/vendor complete, and return it.

    Raises:
        NpmFailed: If the packages cannot be had.
    """
    project = project or Project.here()
    vendor = project.web / "vendor"
    wanted = _digest(project.web)
    stamp = vendor / _STAMP
    if stamp.is_file() and stamp.read_text() == wanted:
        return vendor
    fresh = project.root / "build" / "npm" / "vendor"
    shutil.rmtree(fresh, ignore_errors=True)
    with npm.installed(project.web, project.root / "build" / "npm" / "web") as modules:
        for file in _FILES:
            target = fresh / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            if file.path.endswith(".woff2"):
                target.write_text(_font_face((modules / file.package / file.path).read_bytes()))
            else:
                shutil.copyfile(modules / file.package / file.path, target)
    (fresh / _STAMP).write_text(wanted)
    shutil.rmtree(vendor, ignore_errors=True)
    fresh.rename(vendor)
    return vendor


def _font_face(woff2: bytes) -> str:
    """The font as a style sheet that holds it: API Gateway gives binary files only to who asks for their very type,
    and browsers ask for a font with `*/*`."""
    return _FONT_FACE % base64.b64encode(woff2).decode()


def _digest(web: Path) -> str:
    digest = hashlib.sha256(repr((_FILES, _FONT_FACE)).encode())
    for name in npm.MANIFEST:
        digest.update((web / name).read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    print(ensure())
