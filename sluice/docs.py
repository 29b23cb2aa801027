"""`make docs`, or `python -m sluice.docs`: the documents as a site in out/docs, which asks nobody else for anything.

The documents are written for GitHub, where README.md is a folder above them. They are laid side by side for Sphinx, and
links between the two follow. Sphinx fails on a link or an anchor that it cannot find; what it made is then read again:
every link leads to a file and an id that are there, and no page loads anything from another host.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sluice.failure import OperatorError
from sluice.paths import Project

_ABOVE = ("README.md", "CHANGELOG.md")
_STYLE_ADDRESS = re.compile(r"""url\(\s*['"]?((?:https?:)?//[^)'"]+)|@import\s+['"]([^'"]+)""")
_DECISIONS = "# Decisions\n\n```{toctree}\n:glob:\n:maxdepth: 1\n\n0*\n```\n"


class DocsBroken(OperatorError):
    """The documents do not make a site."""


def laid_out(text: str) -> str:
    """A document with its links as they are once README.md is beside the others."""
    text = re.sub(r"\]\(docs/", "](", text)
    text = re.sub(r"\]\((\.\./)?\.\./(?=(README|CHANGELOG)\.md)", r"](\1", text)
    return text.replace("](decisions)", "](decisions/index.md)")


def lay_out(root: Path, folder: Path) -> None:
    """Write what Sphinx reads."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(root / "docs", folder)
    site = folder / "site"
    shutil.move(site / "conf.py", folder / "conf.py")
    order = (site / "order.md").read_text()
    shutil.rmtree(site)
    for name in _ABOVE:
        shutil.copyfile(root / name, folder / name)
    for path in folder.rglob("*.md"):
        path.write_text(laid_out(path.read_text()))
    (folder / "decisions" / "index.md").write_text(_DECISIONS)
    with (folder / "index.md").open("a") as index:
        index.write(order)


class _Page(HTMLParser):
    """What a page links to, what it loads, and the ids in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value for name, value in attrs if value}
        self.ids |= {found[name] for name in ("id", "name") if name in found}
        target = self.links if tag == "a" else self.loads
        target += [found[name] for name in ("href", "src", "data", "poster", "srcset", "action") if name in found]


def _elsewhere(address: str) -> bool:
    parts = urlsplit(address)
    return bool(parts.netloc) or parts.scheme not in ("", "data")


def problems(site: Path) -> Iterator[str]:
    """Links of a built site that lead nowhere, and what it would load from other hosts."""
    pages = {path.resolve(): _Page(path.read_text()) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        name = path.relative_to(site.resolve())
        yield from (f"{name} loads {address}" for address in page.loads if _elsewhere(address))
        for link in (each for each in (*page.links, *page.loads) if not _elsewhere(each)):
            parts = urlsplit(link)
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            known = pages[target].ids if target in pages else None
            if not target.exists() or (parts.fragment and known is not None and unquote(parts.fragment) not in known):
                yield f"{name} links to {link}, which is not there"
    for path in sorted(site.rglob("*.css")):
        for found in _STYLE_ADDRESS.finditer(path.read_text()):
            if _elsewhere(found[1] or found[2]):
                yield f"{path.relative_to(site)} loads {found[1] or found[2]}"


def build(root: Path, scratch: Path, out: Path) -> None:
    """Make the site of the documents under `root`.

    Raises:
        DocsBroken: If Sphinx warns of anything, or the site is not whole in itself.
    """
    lay_out(root, scratch / "source")
    shutil.rmtree(out, ignore_errors=True)
    words = ("-b", "html", "-W", "--keep-going", "-q", "-d", str(scratch / "read"), str(scratch / "source"), str(out))
    done = subprocess.run([sys.executable, "-m", "sphinx", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise DocsBroken(f"the documents do not build: {(done.stderr or done.stdout).strip()}")
    if found := list(problems(out)):
        raise DocsBroken("\n".join(found))


def main() -> None:
    project = Project.here()
    out = project.root / "out" / "docs"
    try:
        build(project.root, project.root / "build" / "docs", out)
    except OperatorError as error:
        sys.exit(f"sluice: {error.message}")
    print(f"documents: {out.relative_to(project.root)}/index.html")


if __name__ == "__main__":
    main()
