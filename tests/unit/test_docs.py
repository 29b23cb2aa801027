"""The documents: every link leads somewhere, and each document is found from the index."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sluice.paths import Project

_ROOT = Project.here().root
_DOCUMENTS = [_ROOT / "README.md", _ROOT / "CHANGELOG.md", *sorted((_ROOT / "docs").rglob("*.md"))]
_LINK = re.compile(r"!?\[[^\]]*\]\(([^()\s]+)\)")
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def _links(text: str) -> list[str]:
    return [link for link in _LINK.findall(_CODE.sub("", text)) if not re.match(r"[a-z]+:", link)]


def _anchors(text: str) -> set[str]:
    """Of headings, as GitHub makes them."""
    headings = re.findall(r"^#{1,6} (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower() for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}


def broken(document: Path, text: str) -> list[str]:
    """The links of a document that lead to no file, or to no heading of it."""
    found = []
    for link in _links(text):
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (anchor and anchor not in _anchors(target.read_text() if path else text)):
            found.append(link)
    return found


@pytest.mark.parametrize("document", _DOCUMENTS, ids=lambda path: str(path.relative_to(_ROOT)))
def test_no_link_is_broken(document: Path) -> None:
    """Relative links and anchors lead to files and headings that exist."""
    assert broken(document, document.read_text()) == []


def test_broken_links_are_found() -> None:
    """The check itself tells a missing file and a missing heading, and leaves code and the web alone."""
    text = "# A heading\n[a](#a-heading) [b](#none) [c](none.md) `[d](none.md)` [e](https://example.com)"
    assert broken(_ROOT / "README.md", text) == ["#none", "none.md"]


def test_every_document_is_in_the_index() -> None:
    """Nothing is written that nobody finds."""
    index = _ROOT / "docs" / "index.md"
    linked = {(index.parent / link).resolve() for link in _links(index.read_text())}
    assert set((_ROOT / "docs").glob("*.md")) - {index} <= linked


def test_every_make_target_that_is_named_exists() -> None:
    """A reader who types what a document says finds a target of that name."""
    targets = set(re.findall(r"^([a-z0-9]+):", (_ROOT / "Makefile").read_text(), re.MULTILINE))
    for document in _DOCUMENTS:
        named = set(re.findall(r"`make ([a-z0-9]+)|^make ([a-z0-9]+)", document.read_text(), re.MULTILINE))
        assert {first or second for first, second in named} <= targets, document.name
