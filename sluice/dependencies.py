"""Spares `chalice package` from installing the dependencies again when only the app's code has changed.

Chalice names its cached zip by a digest of requirements and code together, so that each change of code costs a whole
pip run. Here the last zip with the same requirements is taken, and Chalice's own `inject_latest_app` puts the present
code into it, under the name that Chalice then looks for.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path

from chalice.deploy.packager import DependencyBuilder, LambdaDeploymentPackager
from chalice.utils import UI, OSUtils

from sluice.paths import Project

# Zips that other checkouts' states (branches) may still want; each is about 20 MB.
_KEPT = 4


class _Silent(UI):
    def write(self, msg: str) -> None:
        """Chalice tells of each step; nobody reads that here."""


def _digest(project: Project) -> str:
    """Of everything in the zip but the app's own code."""
    digest = hashlib.sha256(f"{sys.version_info.major}.{sys.version_info.minor}".encode())
    digest.update((project.root / "requirements.txt").read_bytes())
    for path in sorted((project.root / "vendor").rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(project.root)).encode() + path.read_bytes())
    return digest.hexdigest()[:32]


class DependencyCache:
    """The zip of the present code, made from the last one with the same dependencies."""

    def __init__(self, project: Project) -> None:
        osutils = OSUtils()
        self._project = project
        self._folder = project.root / ".chalice" / "deployments"
        self._packager = LambdaDeploymentPackager(osutils, DependencyBuilder(osutils), _Silent())
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        self._wanted = Path(self._packager.deployment_package_filename(str(project.root), version))
        self._base = self._folder / f"dependencies-{_digest(project)}.zip"

    def prepare(self) -> None:
        """Before Chalice packages: give it the zip, when we can."""
        if self._base.is_file() and not self._wanted.exists():
            partial = self._wanted.with_suffix(".partial")
            shutil.copyfile(self._base, partial)
            self._packager.inject_latest_app(str(partial), str(self._project.root))
            partial.replace(self._wanted)

    def keep(self) -> None:
        """After Chalice has packaged: remember its zip, and forget old ones."""
        if not self._base.exists() and self._wanted.is_file():
            shutil.copyfile(self._wanted, self._base)
        for pattern in ("dependencies-*.zip", "*-python*.zip"):
            zips = sorted(self._folder.glob(pattern), key=lambda path: path.stat().st_mtime, reverse=True)
            for old in zips[_KEPT:]:
                old.unlink(missing_ok=True)
