"""The files of a project that say how its text looks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_STYLED = (".html", ".htm", ".css")


def style_texts(project: Path) -> Iterator[bytes]:
    """All HTML and CSS of a project, in no order; what a link leads to elsewhere is none of it."""
    root = project.resolve()
    for path in root.rglob("*"):
        if path.suffix.lower() in _STYLED and path.is_file() and path.resolve().is_relative_to(root):
            yield path.read_bytes()
