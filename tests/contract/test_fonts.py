"""The fonts that a project made for HyperFrames gets, in the browser of the layer."""

from __future__ import annotations

import shutil
from pathlib import Path

from chalicelib.composition.fonts import FAMILIES
from chalicelib.composition.rgba import raw_rgba
from chalicelib.tools import Chromium
from chalicelib.tools.project_styles import style_texts
from tests.browser import layer_browser
from tests.theatre import SIZE, Theatre

# Each bar is white where two lines of text are equally wide, blue where they are not, red if a face was not to be had.
# The project may have no network, so a face that loads came from this machine.
_PAGE = """<!doctype html><head><style>
@font-face{{font-family:Expected;src:url(inter.woff2)}}
@font-face{{font-family:Heavy;src:url(heavy.woff2)}}
span{{font-size:40px;white-space:nowrap;position:absolute;top:100px}}
</style><link rel="stylesheet" href="styles/own.css"></head><body style="margin:0;background:#000">
<div data-composition-id="main" data-start="0" data-duration="1" {size}
     style="position:relative;width:160px;height:90px;overflow:hidden">
<span id="expected" style="font-family:Expected">Wider than it is tall</span>
<span id="helvetica" style="font-family:Helvetica">Wider than it is tall</span>
<span id="declared" style="font-family:Georgia">Wider than it is tall</span>
<span id="other" style="font-family:'Courier New'">Wider than it is tall</span>
<span id="heavy" style="font-family:Heavy">Wider than it is tall</span>
<span id="black" style="font-family:Arial;font-weight:600">Wider than it is tall</span>
<i id="a"></i><i id="b"></i><i id="c"></i><i id="d"></i>
</div><script>
const width = (id) => document.getElementById(id).getBoundingClientRect().width;
window.__timelines = {{main: {{
  duration: () => 1, time: () => 0, pause() {{}}, play() {{}}, seek() {{}}, totalTime() {{}},
}}}};
document.fonts.ready.then(() => {{
  const failed = Array.from(document.fonts).some((face) => face.status === "error");
  const same = [["a", "expected", "helvetica"], ["b", "expected", "declared"], ["c", "expected", "other"],
    ["d", "heavy", "black"]];
  same.forEach(([id, one, two], index) => {{
    document.getElementById(id).style.cssText = `position:absolute;top:0;left:${{index * 40}}px;width:40px;height:90px;`
      + `background:${{failed ? "#f00" : width(one) === width(two) ? "#fff" : "#00f"}}`;
  }});
}});
</script></body>"""


def test_families_are_those_of_hyperframes_but_for_declared_ones(browser: Chromium, tmp_path: Path) -> None:
    """Helvetica is as wide as Inter, a weight between too; a declared Georgia stays its own; and every face loads."""
    files = layer_browser().vendor / "@fontsource/inter/files"
    shutil.copy(files / "inter-latin-400-normal.woff2", tmp_path / "inter.woff2")
    shutil.copy(files / "inter-latin-600-normal.woff2", tmp_path / "heavy.woff2")
    (tmp_path / "styles").mkdir()
    (tmp_path / "styles" / "own.css").write_text("@font-face{font-family:Georgia;src:url(../inter.woff2)}")
    with Theatre(browser, tmp_path).stage(_PAGE.format(size=SIZE)) as stage:
        (frame,) = stage.frames(0, 1, preroll=False)
    pixels = raw_rgba(frame.picture)
    shown = [tuple(pixels[(45 * 160 + x) * 4 :][:3]) for x in (20, 60, 100, 140)]
    white, blue = (255, 255, 255), (0, 0, 255)
    assert shown == [white, white, blue, white]


def test_only_the_project_is_read_for_names(tmp_path: Path) -> None:
    """HTML and CSS in any of its folders; nothing that a link leads to outside."""
    project = tmp_path / "project"
    (project / "parts").mkdir(parents=True)
    (tmp_path / "outside.css").write_text("outside")
    for name in ("index.html", "parts/a.CSS", "parts/b.js"):
        (project / name).write_text(name)
    (project / "link.css").symlink_to(tmp_path / "outside.css")
    assert sorted(style_texts(project)) == [b"index.html", b"parts/a.CSS"]


def test_the_layer_has_each_face_and_its_licence() -> None:
    """Whatever the table names is a WOFF 2 file of the layer, and its package's licence is beside the others."""
    layer = layer_browser()
    for family in FAMILIES:
        for _weight, _style, file in family.faces():
            assert (layer.vendor / family.package / file).read_bytes()[:4] == b"wOF2"
        assert (layer.layer / "licences" / f"fontsource-{family.slug}-LICENSE").is_file()
