"""A folder becomes one archive, always the same."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from sluice.projects import Archive, ProjectUnfit, pack_project


def _project(folder: Path, *names: str) -> Path:
    for name in ("index.html", *names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"this is {name}")
    return folder


def _pack(folder: Path, **options: object) -> Archive:
    return pack_project(folder, folder.parent / "packed.tar.gz", **options)  # type: ignore[arg-type]


def _names(archive: Archive) -> list[str]:
    with tarfile.open(archive.path) as packed:
        return packed.getnames()


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    """Whenever they were made, in whatever order, with whatever modes, and whatever the folder is called."""
    first = _pack(_project(tmp_path / "a" / "one", "b/c.js", "a.css"))
    again = _project(tmp_path / "b" / "two", "a.css", "b/c.js")
    os.utime(again / "a.css", (1, 1))
    (again / "index.html").chmod(0o700)
    second = _pack(again)
    assert first.path.read_bytes() == second.path.read_bytes()
    assert (first.sha256, first.size_bytes) == (second.sha256, second.path.stat().st_size)
    assert _names(first) == ["a.css", "b/c.js", "index.html"]


def test_what_is_no_part_of_the_project_stays_out(tmp_path: Path) -> None:
    """Version control, packages at any depth, and the video that is being made."""
    folder = _project(
        tmp_path / "p", ".git/config", "node_modules/x/y.js", "lib/node_modules/z.js", "lib/k.js", "o.mp4"
    )
    assert _names(_pack(folder, leave_out=[folder / "lib" / ".." / "o.mp4"])) == ["index.html", "lib/k.js"]


def test_a_link_inside_is_the_file(tmp_path: Path) -> None:
    """The archive holds no links: one to a file of the project is stored as that file."""
    folder = _project(tmp_path / "p", "a.js")
    (folder / "b.js").symlink_to("a.js")
    archive = _pack(folder)
    with tarfile.open(archive.path) as packed:
        linked = packed.extractfile("b.js")
        assert linked is not None
        assert linked.read() == b"this is a.js"
        assert all(member.isfile() for member in packed)


@pytest.mark.parametrize("target", ["/etc/passwd", "..", "gone"])
def test_a_link_that_leads_out_is_refused(tmp_path: Path, target: str) -> None:
    """What is not of the project is not sent."""
    folder = _project(tmp_path / "p")
    (folder / "b.js").symlink_to(target)
    with pytest.raises(ProjectUnfit, match=r"b\.js"):
        _pack(folder)


def test_a_folder_without_its_page_is_none(tmp_path: Path) -> None:
    """The page may be another than index.html."""
    folder = _project(tmp_path / "p", "intro.html")
    (folder / "index.html").unlink()
    with pytest.raises(ProjectUnfit, match=r"index\.html"):
        _pack(folder)
    assert _names(_pack(folder, entry="intro.html")) == ["intro.html"]


def test_a_name_that_the_server_refuses_is_told_before(tmp_path: Path) -> None:
    """The rules of the archive are the server's own."""
    folder = _project(tmp_path / "p", "a\\b.js")
    with pytest.raises(ProjectUnfit, match="plain and relative"):
        _pack(folder)
