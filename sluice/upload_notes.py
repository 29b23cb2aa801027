"""What this machine knows of an upload in parts until it is complete, so that it goes on after Ctrl-C or a crash.

Invariant: one file per upload, named after the deployment, the source and what was asked for; it is only ever appended
to, so a death at any instant loses one part at most. It is locked while its upload goes on: a second `sluice upload` of
the same file finds no note, and sends one of its own. Nothing in it opens anything: addresses are asked for anew.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import IO, Any


def notes_folder(environ: Mapping[str, str] | None = None) -> Path:
    """By the XDG base directories: state, which outlives a restart and belongs to one machine."""
    said = (os.environ if environ is None else environ).get("XDG_STATE_HOME")
    return (Path(said) if said else Path.home() / ".local" / "state") / "sluice" / "uploads"


def note_name(base_url: str, path: Path, asset: Mapping[str, Any]) -> str:
    """Of this very content of a file, as far as size and time of change tell, at this deployment, with these wishes."""
    stat = path.stat()
    same = [base_url, str(path.resolve()), stat.st_size, stat.st_mtime_ns, asset]
    return hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Begun:
    """An upload that was begun.

    Attributes:
        etags: Of the parts that the storage has, by number.
    """

    upload_id: str
    etags: dict[int, str]


class Note:
    """An open note; from several threads."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._lock = Lock()

    def begun(self) -> Begun | None:
        """What was noted before; None if nothing was, or it can not be read."""
        self._file.seek(0)
        lines = []
        for line in self._file:
            with contextlib.suppress(ValueError):  # the last one may have been cut off
                lines.append(json.loads(line))
        if not lines or "upload_id" not in lines[0]:
            return None
        return Begun(lines[0]["upload_id"], {line["part"]: line["etag"] for line in lines[1:]})

    def begin(self, upload_id: str) -> None:
        self.forget()
        self._append({"upload_id": upload_id})

    def add(self, part: int, etag: str) -> None:
        self._append({"part": part, "etag": etag})

    def forget(self) -> None:
        self._file.seek(0)
        self._file.truncate()

    def _append(self, line: dict[str, Any]) -> None:
        with self._lock:
            self._file.seek(0, os.SEEK_END)
            # On a line of its own, whatever a death left of the one before.
            self._file.write("\n" + json.dumps(line))
            self._file.flush()


@contextmanager
def noted(folder: Path, name: str) -> Iterator[Note | None]:
    """The note of that name, made if there is none; if the body raises, it stays, unless it is empty.

    None while another process has it, or where nothing can be written: the upload then can not be gone on with, and is
    none the worse for it.
    """
    file = _opened(folder / name)
    if file is None:
        yield None
        return
    with file:
        try:
            yield Note(file)
        except BaseException:
            if not os.fstat(file.fileno()).st_size:
                (folder / name).unlink(missing_ok=True)
            raise
        (folder / name).unlink(missing_ok=True)


def _opened(path: Path) -> IO[str] | None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8")
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file
