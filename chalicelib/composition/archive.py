"""What a project archive may hold: regular files and folders under plain relative names, within limits.

Links, devices and sparse files are refused, whatever they point at, and so is every name that could lead out of the
folder or mean two things. Written by hand because the filters of Python's tarfile are missing from 3.11.2 and let bombs
and links inside the tree through.
"""

from __future__ import annotations

import tarfile
import unicodedata
from dataclasses import dataclass, field

from chalicelib.errors import InvalidProject

MAX_TOTAL_BYTES = 4 * 1024**3
MAX_MEMBERS = 20_000
MAX_DEPTH = 32
MAX_NAME_BYTES = 255
MAX_PATH_BYTES = 1024
MAX_RATIO = 200
"""Bytes out per byte in. The best that gzip does is 1,030; text of the web stays under 20."""
_PLAIN = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE)
FREE_BYTES = 64 * 1024**2
"""May come out whatever the ratio: a small archive of blank pictures is no bomb."""


@dataclass(slots=True)
class ArchiveCheck:
    """Sees the members of one archive in order. Sizes in bytes."""

    _members: int = 0
    _total_bytes: int = 0
    _written_bytes: int = 0
    _files: set[str] = field(default_factory=set)

    def path_of(self, member: tarfile.TarInfo) -> tuple[str, ...]:
        """Where a member goes, part by part below the project's folder; no parts for the folder itself.

        Raises:
            InvalidProject: If it may not be there.
        """
        self._members += 1
        if self._members > MAX_MEMBERS:
            raise InvalidProject(f"the archive holds more than {MAX_MEMBERS} members")
        shown = repr(member.name[:80])
        if member.type not in _PLAIN or member.issparse():
            raise InvalidProject(f"the archive holds something that is neither a file nor a folder: {shown}")
        parts = _parts(member.name, shown)
        if not parts and not member.isdir():
            raise InvalidProject(f"the archive holds a file without a name: {shown}")
        if member.isfile():
            self._count(parts, member.size, shown)
        return parts

    def bear(self, size_bytes: int, read_bytes: int) -> None:
        """So much more came out, of so much read until now. Raises InvalidProject if that is too little."""
        self._written_bytes += size_bytes
        if self._written_bytes > FREE_BYTES and self._written_bytes > MAX_RATIO * max(1, read_bytes):
            raise InvalidProject(f"the archive is compressed more than {MAX_RATIO} times over")

    def _count(self, parts: tuple[str, ...], size_bytes: int, shown: str) -> None:
        # Two names that a file system may take for one would make the last of them win, here or there.
        path = unicodedata.normalize("NFC", "/".join(parts))
        if path in self._files:
            raise InvalidProject(f"the archive holds a file twice: {shown}")
        self._files.add(path)
        self._total_bytes += size_bytes
        if self._total_bytes > MAX_TOTAL_BYTES:
            raise InvalidProject(f"the archive holds more than {MAX_TOTAL_BYTES} bytes")


def _parts(name: str, shown: str) -> tuple[str, ...]:
    if name.startswith("/") or "\\" in name or any(ord(letter) < 32 for letter in name):
        raise InvalidProject(f"the archive holds a name that is not plain and relative: {shown}")
    try:
        size = len(name.encode())
        parts = tuple(part for part in name.split("/") if part not in ("", "."))
        longest = max((len(part.encode()) for part in parts), default=0)
    except UnicodeEncodeError as error:
        raise InvalidProject(f"the archive holds a name that is not UTF-8: {shown}") from error
    if ".." in parts:
        raise InvalidProject(f"the archive holds a name that leads out of it: {shown}")
    if size > MAX_PATH_BYTES or longest > MAX_NAME_BYTES or len(parts) > MAX_DEPTH:
        raise InvalidProject(f"the archive holds a name that is too long or too deep: {shown}")
    return parts
