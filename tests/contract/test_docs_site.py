"""The site of the documents, as `make docs` makes it."""

from __future__ import annotations

from pathlib import Path

from sluice.docs import build, laid_out, problems
from sluice.paths import Project


def test_the_documents_make_a_site(tmp_path: Path) -> None:
    """Sphinx warns of nothing, every document is a page, links lead somewhere, nothing is loaded from others."""
    root, site = Project.here().root, tmp_path / "site"
    build(root, tmp_path / "scratch", site)
    documents = [path.relative_to(root / "docs") for path in (root / "docs").rglob("*.md")]
    wanted = {path.with_suffix(".html") for path in documents if path.parts[0] != "site"}
    assert {path.relative_to(site) for path in site.rglob("*.html")} >= wanted | {Path("README.html")}
    home = (site / "index.html").read_text()
    assert all(f'href="{page}"' in home for page in sorted(wanted) if page.name != "index.html")


def test_a_site_that_is_not_whole_is_found(tmp_path: Path) -> None:
    """A file and an id that are missing, and each way of asking another host; links to the web are let be."""
    (tmp_path / "index.html").write_text(
        '<link rel="stylesheet" href="style.css"><script src="//cdn.example.com/a.js"></script>'
        '<a href="none.html">a</a><a href="#none">b</a><a href="#here" id="here">c</a><a href="https://example.com">d</a>'
    )
    (tmp_path / "style.css").write_text('@import "https://fonts.example.com/a.css"; a { background: url(own.png) }')
    assert list(problems(tmp_path)) == [
        "index.html loads //cdn.example.com/a.js",
        "index.html links to none.html, which is not there",
        "index.html links to #none, which is not there",
        "style.css loads https://fonts.example.com/a.css",
    ]


def test_links_follow_when_documents_are_laid_side_by_side() -> None:
    """From above to below, from below to above, from one floor deeper, and to the folder of decisions."""
    links = "[a](docs/deploy.md#at) [b](../README.md) [c](../../README.md#access) [d](decisions) [e](a.md)"
    assert (
        laid_out(links) == "[a](deploy.md#at) [b](README.md) [c](../README.md#access) [d](decisions/index.md) [e](a.md)"
    )
