"""A composition's project folder as one archive: the same files give the same bytes, and so the same site.

Names are sorted, times, owners and modes left out. What a project may hold is checked here as the server will check it,
so that a wrong one is told before anything is sent.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import tarfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from chalicelib.composition.archive import ArchiveCheck
from chalicelib.errors import InvalidProject
from sluice.failure import OperatorError

ENTRY = "index.html"
IGNORED = frozenset({".git", "node_modules", ".DS_Store"})


class ProjectUnfit(OperatorError):
    """The folder is no project, or holds what a project may not hold."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A packed project. `sha256` in hex, of the file."""

    path: Path
    sha256: str
    size_bytes: int


def pack_project(folder: Path, target: Path, *, entry: str = ENTRY, leave_out: Collection[Path] = ()) -> Archive:
    """Write the archive of a folder.

    Args:
        entry: The page to render, which must be there.
        leave_out: Files that are not part of the project, such as the video that is made of it.

    Raises:
        ProjectUnfit: Names what is wrong.
    """
    if not (folder / entry).is_file():
        raise ProjectUnfit(f"{folder} has no {entry}")
    check = ArchiveCheck()
    omitted = {path.resolve() for path in leave_out}
    with (
        target.open("wb") as raw,
        # No name and no time in the header. The highest level takes twice as long for a thousandth of the bytes.
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for path in _files(folder, folder.resolve()):
            if path.resolve() not in omitted:
                _add(archive, path, path.relative_to(folder).as_posix(), check)
    with target.open("rb") as file:
        return Archive(target, hashlib.file_digest(file, "sha256").hexdigest(), target.stat().st_size)


def _files(folder: Path, root: Path) -> Iterator[Path]:
    """Every file below a folder, in the order of their names. A link to a file inside the root is that file."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        path = Path(entry.path)
        if entry.name in IGNORED:
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _files(path, root)
        elif entry.is_symlink():
            yield _linked(path, root)
        elif entry.is_file():
            yield path


def _linked(path: Path, root: Path) -> Path:
    target = path.resolve()
    if not target.is_relative_to(root) or not target.is_file():
        raise ProjectUnfit(f"{path} is a link that leads to no file of the project")
    return path


def _add(archive: tarfile.TarFile, path: Path, name: str, check: ArchiveCheck) -> None:
    info = tarfile.TarInfo(name)
    info.mode = 0o644
    with path.open("rb") as content:
        info.size = os.fstat(content.fileno()).st_size
        try:
            check.path_of(info)
        except InvalidProject as error:
            raise ProjectUnfit(error.message) from error
        archive.addfile(info, content)
