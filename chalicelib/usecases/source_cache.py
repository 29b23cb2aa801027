"""Sources on the worker's own disk: fetched once, used by every warm invocation.

Named by the identity of the bytes, so a stale file can never be mistaken for the source. Files appear by an atomic
rename and are used through a hard link in the invocation's own folder: another process may evict a file while it is
read. Bounded: at most `_KEPT` sources, and never so many that the disk runs full.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.media.plan import SourceIdentity

_FOLDER = "sluice-sources"
_WORK_PREFIX = "sluice-work-"
_KEPT = 2
_HEADROOM_BYTES = 512 * 1024**2
SOURCE_NAME = "source"


@contextmanager
def workspace(source: SourceIdentity, objects: Objects) -> Iterator[Path]:
    """A new folder that holds the source under SOURCE_NAME, removed with everything in it at the end.

    Raises:
        SourceChanged: If the source is no longer these bytes.
    """
    with scratch_folder() as folder:
        _link_source(source, objects, folder.parent / _FOLDER, folder)
        yield folder


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A new folder, removed with everything in it at the end; of a worker that dies, by the next one."""
    base = Path(tempfile.gettempdir())
    _remove_abandoned(base)
    with tempfile.TemporaryDirectory(prefix=f"{_WORK_PREFIX}{os.getpid()}-", dir=base) as name:
        yield Path(name)


def _link_source(source: SourceIdentity, objects: Objects, cache: Path, folder: Path) -> None:
    cache.mkdir(exist_ok=True)
    cached = cache / _name(source)
    try:
        os.link(cached, folder / SOURCE_NAME)
    except FileNotFoundError:
        _make_room(cache, source.size_bytes)
        fetched = folder / SOURCE_NAME
        objects.download(source.bucket, source.key, fetched, size_bytes=source.size_bytes, etag=source.etag)
        offered = cache / f"{_name(source)}.{os.getpid()}"
        offered.unlink(missing_ok=True)
        os.link(fetched, offered)
        offered.replace(cached)
    else:
        os.utime(cached)


def _name(source: SourceIdentity) -> str:
    identity = "\0".join((source.bucket, source.key, source.etag, str(source.size_bytes)))
    return hashlib.sha256(identity.encode()).hexdigest()


def _make_room(cache: Path, size_bytes: int) -> None:
    """Drop the sources that were used longest ago."""
    held = sorted(cache.iterdir(), key=_used_at)
    while held and (len(held) >= _KEPT or shutil.disk_usage(cache).free < size_bytes + _HEADROOM_BYTES):
        held.pop(0).unlink(missing_ok=True)


def _used_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _remove_abandoned(base: Path) -> None:
    """Folders of processes that were killed, and of this one, which does one thing at a time."""
    for folder in base.glob(f"{_WORK_PREFIX}*"):
        owner = folder.name.removeprefix(_WORK_PREFIX).partition("-")[0]
        if owner == str(os.getpid()) or not Path(f"/proc/{owner}").exists():
            shutil.rmtree(folder, ignore_errors=True)
