"""The rules for project archives, on members that no honest tool makes."""

from __future__ import annotations

import tarfile

import pytest

from chalicelib.composition import archive
from chalicelib.composition.archive import ArchiveCheck
from chalicelib.errors import InvalidProject


def member(name: str, kind: bytes = tarfile.REGTYPE, size_bytes: int = 1) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type = kind
    made.size = size_bytes if kind == tarfile.REGTYPE else 0
    return made


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("index.html", ("index.html",)),
        ("./a/b c/ü.png", ("a", "b c", "ü.png")),
        ("a//b.css", ("a", "b.css")),
        ("...", ("...",)),
    ],
)
def test_plain_names_pass(name: str, parts: tuple[str, ...]) -> None:
    """Files land below the project's folder, under their own names."""
    assert ArchiveCheck().path_of(member(name)) == parts


def test_folders_pass() -> None:
    """The archive's own folder is the project's."""
    assert ArchiveCheck().path_of(member("./", tarfile.DIRTYPE)) == ()
    assert ArchiveCheck().path_of(member("a/b", tarfile.DIRTYPE)) == ("a", "b")


@pytest.mark.parametrize(
    "name",
    [
        *("../x", "a/../../x", "/etc/x", "a\\b", "C:\\x", "a\nb", "a\0b", ".", "./"),
        *("x" * 256, "a/" * 33 + "x", "/".join(["y" * 200] * 6), "\udc80"),
    ],
)
def test_names_that_lead_elsewhere_are_refused(name: str) -> None:
    """Out of the folder, to an absolute place, or longer than file systems bear."""
    with pytest.raises(InvalidProject):
        ArchiveCheck().path_of(member(name))


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.GNUTYPE_SPARSE],
)
def test_only_files_and_folders_are_taken(kind: bytes) -> None:
    """No link, also not one that stays inside; no device; nothing sparse."""
    with pytest.raises(InvalidProject):
        ArchiveCheck().path_of(member("x", kind))


def test_a_name_comes_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when it is spelled with other code points, which some file systems take for the same."""
    check = ArchiveCheck()
    check.path_of(member("caf\u00e9.png"))
    with pytest.raises(InvalidProject, match="twice"):
        check.path_of(member("cafe\u0301.png"))
    monkeypatch.setattr(archive, "MAX_MEMBERS", 2)
    with pytest.raises(InvalidProject, match="more than 2 members"):
        check.path_of(member("other"))


def test_sizes_add_up() -> None:
    """The limit holds for all files together, by what their headers promise."""
    check = ArchiveCheck()
    check.path_of(member("a", size_bytes=archive.MAX_TOTAL_BYTES))
    with pytest.raises(InvalidProject):
        check.path_of(member("b", size_bytes=1))


def test_a_bomb_is_known_by_its_ratio() -> None:
    """Much out of little is refused; little is allowed whatever it came from."""
    check = ArchiveCheck()
    check.bear(archive.FREE_BYTES, 10)
    check.bear(1, archive.FREE_BYTES // 100)
    with pytest.raises(InvalidProject):
        check.bear(1, archive.FREE_BYTES // 1000)
