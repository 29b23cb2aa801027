"""The projects that both sides of the compositions benchmark render: our examples, made whole for a machine offline.

The CDN's script is a file of the project, because the peer would fetch it; and the font is one too, because each side
has another one behind the same name (the peer puts Inter in the place of Noto Sans). So both render the same bytes.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from benchmarks.measure import ROOT

EXAMPLES = ("title-card", "product-promo")
"""Those in the peer's format; it cannot play a plain page."""
_CDN = re.compile(r'https://cdn\.jsdelivr\.net/npm/([a-z-]+)@[^/"]+/([^"]+)')
_FACES = {400: "400Regular", 600: "600SemiBold", 700: "700Bold", 800: "800ExtraBold"}
_FACE = """
      @font-face {{
        font-family: "Noto Sans";
        font-weight: {weight};
        src: url("fonts/{name}");
      }}"""


def prepare(name: str, folder: Path, modules: Path) -> Path:
    """A copy of an example in `folder`, with what it needs of the npm packages in `modules`."""
    project = folder / name
    shutil.copytree(ROOT / "examples" / name, project)
    for page in project.rglob("*.html"):
        page.write_text(_CDN.sub(lambda found: _bring(found[1], found[2], project, modules), page.read_text()))
    index = project / "index.html"
    faces = "".join(
        _FACE.format(weight=weight, name=_font(style, project, modules)) for weight, style in _FACES.items()
    )
    index.write_text(index.read_text().replace("<style>", f"<style>{faces}", 1))
    return project


def _bring(package: str, path: str, project: Path, modules: Path) -> str:
    target = project / "vendor" / Path(path).name
    target.parent.mkdir(exist_ok=True)
    shutil.copyfile(modules / package / path, target)
    return f"vendor/{target.name}"


def _font(style: str, project: Path, modules: Path) -> str:
    (source,) = (modules / "@expo-google-fonts" / "noto-sans" / style).glob("*.ttf")
    target = project / "fonts" / source.name
    target.parent.mkdir(exist_ok=True)
    shutil.copyfile(source, target)
    return target.name
