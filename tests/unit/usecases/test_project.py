"""Projects on the worker's disk: what unpacks, and what must not."""

from __future__ import annotations

import gzip
import io
import random
import tarfile
import tempfile
from pathlib import Path

import pytest

from chalicelib.catalog.locations import Location
from chalicelib.composition import archive
from chalicelib.errors import InvalidProject, ProjectNotFound, SourceChanged
from chalicelib.media.plan import SourceIdentity
from chalicelib.usecases.project import find_archive, unpack, unpacked_project
from tests.fakes import FakeObjects
from tests.screening import archive as packed

AT = Location("source", "projects/p.tar.gz")
PAGE = {"index.html": b"<p>", "a/b.css": b"p {}"}
Member = tuple[str, bytes, dict[str, object]]


@pytest.fixture(autouse=True)
def own_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No archive of another test is found in the cache."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def _store(objects: FakeObjects, data: bytes) -> SourceIdentity:
    objects.write(AT.bucket, AT.key, data, content_type="application/gzip")
    return find_archive(AT, objects, 10_000_000)


def test_a_project_is_unpacked_and_gone_afterwards() -> None:
    """Every file under its name, in a folder that ends with the block; the identity is that of the bytes."""
    objects = FakeObjects()
    with unpacked_project(_store(objects, packed(PAGE)), "index.html", objects) as unpacked:
        assert (unpacked.project / "a" / "b.css").read_bytes() == b"p {}"
        identity, folder = unpacked.identity, unpacked.folder
    assert not folder.exists()
    assert len(identity.sha256) == 64
    assert (identity.bucket, identity.key) == (AT.bucket, AT.key)


def test_a_project_may_lie_in_its_own_folder() -> None:
    """`tar czf p.tar.gz project` makes one too; more than one folder is no project."""
    objects = FakeObjects()
    inside = {f"project/{name}": data for name, data in PAGE.items()}
    with unpacked_project(_store(objects, packed(inside)), "index.html", objects) as unpacked:
        assert unpacked.project.name == "project"
    source = _store(objects, packed({**inside, "other/x": b""}))
    with pytest.raises(InvalidProject, match=r"no index\.html"), unpacked_project(source, "index.html", objects):
        pass


def test_another_archive_than_the_plans_is_refused() -> None:
    """The hash decides, whatever the etag says; and so does the etag, before anything is unpacked."""
    objects = FakeObjects()
    source = _store(objects, packed(PAGE))
    with pytest.raises(SourceChanged), unpacked_project(source, "index.html", objects, expected_sha256="0" * 64):
        pass
    objects.write(AT.bucket, AT.key, packed({**PAGE, "more": b""}), content_type="application/gzip")
    changed = SourceIdentity(source.bucket, source.key, "another", source.size_bytes)
    with pytest.raises(SourceChanged), unpacked_project(changed, "index.html", objects):
        pass


def test_there_must_be_an_archive_of_bearable_size() -> None:
    """A missing object has its own error; an empty or a huge one is not looked at."""
    objects = FakeObjects()
    with pytest.raises(ProjectNotFound):
        find_archive(AT, objects, 100)
    for data in (b"", bytes(101)):
        objects.write(AT.bucket, AT.key, data, content_type="application/gzip")
        with pytest.raises(InvalidProject):
            find_archive(AT, objects, 100)


def _hostile(*members: Member) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        for name, data, fields in members:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            for field, value in fields.items():
                setattr(member, field, value)
            tar.addfile(member, io.BytesIO(data))
    return made.getvalue()


LINK = {"type": tarfile.SYMTYPE}


@pytest.mark.parametrize(
    "data",
    [
        _hostile(("../evil", b"x", {})),
        _hostile(("/evil", b"x", {})),
        _hostile(("l", b"", {**LINK, "linkname": "/etc"}), ("l/passwd", b"x", {})),
        _hostile(("l", b"", {**LINK, "linkname": "index.html"})),
        _hostile(("h", b"", {"type": tarfile.LNKTYPE, "linkname": "/etc/passwd"})),
        _hostile(("f", b"", {"type": tarfile.FIFOTYPE})),
        _hostile(("d", b"", {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 3})),
        _hostile(("a", b"1", {}), ("a", b"2", {})),
        _hostile(("a", b"1", {}), ("a/b", b"2", {})),
        _hostile(("a/b", b"1", {}), ("a", b"2", {})),
        b"no archive",
        gzip.compress(b"no archive either" * 100),
        packed(PAGE)[:-20],
        packed({"a": bytes(range(256)) * 400})[:300],
    ],
    ids=[
        *("leads out", "absolute", "link", "link inside", "hard link", "pipe", "device", "twice", "file as folder"),
        *("folder as file", "bytes", "gzip", "cut short", "cut in a file"),
    ],
)
def test_hostile_archives_are_refused(data: bytes, tmp_path: Path) -> None:
    """Whatever they hold, nothing is written outside of the folder, and the error is the sender's."""
    root = tmp_path / "inner" / "root"
    root.mkdir(parents=True)
    with pytest.raises(InvalidProject):
        unpack(io.BytesIO(data), root)
    outside = [path for path in tmp_path.rglob("*") if path.is_file() and root not in path.parents]
    assert outside == []
    assert not [path for path in root.rglob("*") if path.is_symlink()]


def test_a_bomb_does_not_go_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small archive of much is refused before it is written."""
    monkeypatch.setattr(archive, "FREE_BYTES", 1_000_000)
    with pytest.raises(InvalidProject, match="compressed"):
        unpack(io.BytesIO(packed({"zeros": bytes(20_000_000)}, level=9)), tmp_path)
    assert sum(path.stat().st_size for path in tmp_path.rglob("*")) < 3_000_000


def test_a_large_file_that_hardly_packs_is_no_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a header promises is not held against the little that was read so far."""
    monkeypatch.setattr(archive, "FREE_BYTES", 1_000_000)
    noise = random.Random(1).randbytes(8_000_000)  # noqa: S311  any bytes will do
    unpack(io.BytesIO(packed({"film.mp4": noise})), tmp_path)
    assert (tmp_path / "film.mp4").read_bytes() == noise


def test_nothing_follows_the_end(tmp_path: Path) -> None:
    """Data behind the archive's end is not read without limit."""
    twice = packed(PAGE) + gzip.compress(bytes(5_000_000))
    with pytest.raises(InvalidProject, match="after its end"):
        unpack(io.BytesIO(twice), tmp_path)
