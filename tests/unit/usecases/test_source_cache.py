"""Sources on disk: fetched once, bounded, and never pulled away from under an encoder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chalicelib.errors import SourceChanged
from chalicelib.media.plan import SourceIdentity
from chalicelib.usecases.source_cache import SOURCE_NAME, workspace
from tests.fakes import FakeObjects


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def _stored(objects: FakeObjects, name: str) -> SourceIdentity:
    data = name.encode()
    return SourceIdentity("source", name, objects.write("source", name, data, content_type="video/mp4"), len(data))


def _used(source: SourceIdentity, objects: FakeObjects) -> bytes:
    with workspace(source, objects) as folder:
        return (folder / SOURCE_NAME).read_bytes()


def test_a_source_is_fetched_once(scratch: Path) -> None:
    """The second invocation finds it, and both leave nothing but the cached file."""
    objects = FakeObjects()
    source = _stored(objects, "one")
    assert [_used(source, objects), _used(source, objects)] == [b"one", b"one"]
    assert len(objects.reads) == 1
    assert [path.name for path in scratch.iterdir()] == ["sluice-sources"]


def test_at_most_two_sources_are_kept(scratch: Path) -> None:
    """The one that was used longest ago goes first."""
    objects = FakeObjects()
    one, two, three = (_stored(objects, name) for name in ("one", "two", "three"))
    for clock, source in enumerate((one, two, one, three), 1):
        _used(source, objects)
        for cached in (scratch / "sluice-sources").iterdir():
            if cached.read_bytes() == source.key.encode():
                os.utime(cached, (clock, clock))
    kept = {path.read_bytes() for path in (scratch / "sluice-sources").iterdir()}
    assert kept == {b"one", b"three"}


def test_an_evicted_source_stays_readable_where_it_is_used(scratch: Path) -> None:
    """A folder holds its own link."""
    objects = FakeObjects()
    with workspace(_stored(objects, "one"), objects) as folder:
        for cached in (scratch / "sluice-sources").iterdir():
            cached.unlink()
        assert (folder / SOURCE_NAME).read_bytes() == b"one"


def test_changed_bytes_are_never_served(scratch: Path) -> None:
    """A source whose etag is gone is refused, and leaves nothing in the cache."""
    objects = FakeObjects()
    source = _stored(objects, "one")
    objects.write("source", "one", b"two", content_type="video/mp4")
    with pytest.raises(SourceChanged):
        _used(source, objects)
    assert list((scratch / "sluice-sources").iterdir()) == []


def test_folders_of_dead_processes_are_removed(scratch: Path) -> None:
    """What a killed worker left goes; what a living one uses stays."""
    dead, living = scratch / "sluice-work-0-x", scratch / f"sluice-work-{os.getppid()}-x"
    dead.mkdir()
    living.mkdir()
    objects = FakeObjects()
    _used(_stored(objects, "one"), objects)
    assert not dead.exists()
    assert living.exists()
