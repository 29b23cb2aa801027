"""The project on the worker's disk: fetched, proven to be the one of the plan, and unpacked by the rules of
composition/archive.py.

The archive is kept between invocations (source_cache.py), the unpacked files are not: a page is code, and what one
render leaves must not meet the next.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from chalicelib.catalog.locations import Location
from chalicelib.composition.archive import ArchiveCheck
from chalicelib.composition.plan import ProjectIdentity
from chalicelib.errors import InvalidProject, ObjectMissing, ProjectNotFound, SourceChanged
from chalicelib.media.plan import SourceIdentity
from chalicelib.usecases.source_cache import SOURCE_NAME, workspace

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects

_COPY_BYTES = 1 << 20
_MAX_PADDING_BYTES = 1 << 20
"""After the last file; tar fills up to 10 kB."""
_PROJECT_FOLDER = "project"
_WRAPPED = "a project has its page at the top of the archive, or in its only folder"


@dataclass(frozen=True, slots=True)
class Unpacked:
    """`folder` is the invocation's own, `project` the root of the project inside it."""

    folder: Path
    project: Path
    identity: ProjectIdentity


def find_archive(at: Location, objects: Objects, max_bytes: int) -> SourceIdentity:
    """Raises ProjectNotFound, or InvalidProject if it is too large to look at."""
    try:
        head = objects.head(at.bucket, at.key)
    except ObjectMissing as error:
        raise ProjectNotFound("there is no project archive at ProjectS3Uri", uri=at.uri) from error
    if not 0 < head.size_bytes <= max_bytes:
        raise InvalidProject(f"a project archive has from 1 to {max_bytes} bytes", size_bytes=head.size_bytes)
    return SourceIdentity(at.bucket, at.key, head.etag, head.size_bytes)


@contextmanager
def unpacked_project(
    source: SourceIdentity, entry: str, objects: Objects, *, expected_sha256: str | None = None
) -> Iterator[Unpacked]:
    """The project in a folder of its own, which is gone afterwards.

    Args:
        entry: The page that must be there.
        expected_sha256: Of the archive, where a plan names it.

    Raises:
        SourceChanged: If the archive is no longer the one that is named.
        InvalidProject: If it is not a project.
    """
    with workspace(source, objects) as folder:
        archive = folder / SOURCE_NAME
        digest = file_sha256(archive)
        if expected_sha256 not in (None, digest):
            raise SourceChanged("the project is no longer the one of the plan", bucket=source.bucket, key=source.key)
        root = folder / _PROJECT_FOLDER
        root.mkdir()
        with archive.open("rb") as file:
            unpack(file, root)
        identity = ProjectIdentity(source.bucket, source.key, source.etag, source.size_bytes, digest)
        yield Unpacked(folder, _find_project(root, entry), identity)


def unpack(archive: BinaryIO, root: Path) -> None:
    """Extract a .tar.gz into an empty folder.

    Raises:
        InvalidProject: If it is none, or holds what it may not hold; the folder is then in pieces.
    """
    check = ArchiveCheck()
    try:
        # A stream: nothing that the archive says about itself leads anywhere but on.
        with gzip.GzipFile(fileobj=archive) as plain, tarfile.open(fileobj=plain, mode="r|") as tar:
            for member in tar:
                path = root.joinpath(*check.path_of(member))
                if member.isdir():
                    path.mkdir(mode=0o755, parents=True, exist_ok=True)
                    continue
                path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
                _extract(tar, member, path, lambda size: check.bear(size, archive.tell()))
            # The end of the stream holds its checksum; an archive that was cut off has none.
            if len(plain.read(_MAX_PADDING_BYTES)) == _MAX_PADDING_BYTES:
                raise InvalidProject("the archive goes on after its end")
    except (tarfile.TarError, zlib.error, gzip.BadGzipFile, EOFError) as error:
        raise InvalidProject(
            "the archive cannot be read to its end; a project is a .tar.gz: tar -czf project.tar.gz -C DIR ."
        ) from error
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise InvalidProject("the archive holds one name as a file and as a folder") from error


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path, bear: Callable[[int], None]) -> None:
    content = tar.extractfile(member)
    if content is None:
        raise InvalidProject(f"the archive holds a file that has no content: {member.name[:80]!r}")
    target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    left = member.size
    with os.fdopen(target, "wb") as file:
        while left:
            data = content.read(min(_COPY_BYTES, left))
            if not data:
                raise InvalidProject("the archive ends before its files do")
            bear(len(data))
            file.write(data)
            left -= len(data)


def _find_project(root: Path, entry: str) -> Path:
    """Where the page is: `tar -C project .` and `tar project` both make a project."""
    if (root / entry).is_file():
        return root
    inside = [path for path in root.iterdir() if not path.name.startswith((".", "__MACOSX"))]
    if len(inside) == 1 and (inside[0] / entry).is_file():
        return inside[0]
    raise InvalidProject(f"the archive has no {entry}; {_WRAPPED}", entry=entry)


def file_sha256(path: Path) -> str:
    """In hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
