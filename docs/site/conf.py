"""Sphinx's settings for `make docs` (`sluice/docs.py`): Markdown as it is on GitHub, and nothing from third parties."""

from __future__ import annotations

project = "Sluice"
extensions = ["myst_parser"]
root_doc = "index"
# Anchors of headings are those that GitHub makes, so the same links work in both places.
myst_heading_anchors = 4
html_theme = "furo"
html_title = "Sluice"
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_show_sphinx = False
html_use_index = False
# None of them is highlighted: prints of a shell, and addresses with an ellipsis, are no program.
highlight_language = "none"
