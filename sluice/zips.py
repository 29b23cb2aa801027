"""Zip archives whose bytes depend on their content only: sorted names, one fixed time, explicit modes."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

# The earliest time a zip can hold.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_REGULAR_FILE = 0o100000


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of an archive.

    Attributes:
        name: Path inside the archive, with forward slashes.
        content: The bytes, or the file that holds them.
        mode: Permission bits.
    """

    name: str
    content: bytes | Path
    mode: int = 0o644

    def read(self) -> bytes:
        return self.content.read_bytes() if isinstance(self.content, Path) else self.content


def write_zip(path: Path, entries: Iterable[Entry]) -> int:
    """Write an archive, whole or not at all; returns the sum of its files' sizes in bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    total_bytes = 0
    with zipfile.ZipFile(partial, "w") as archive:
        for entry in sorted(entries, key=lambda entry: entry.name):
            member = zipfile.ZipInfo(entry.name, _EPOCH)
            member.create_system = _UNIX
            member.external_attr = (_REGULAR_FILE | entry.mode) << 16
            content = entry.read()
            total_bytes += len(content)
            archive.writestr(member, content, zipfile.ZIP_DEFLATED, compresslevel=6)
    partial.replace(path)
    return total_bytes
