"""What a plan compares is played up to its frame in a small drawing, which must not show in what is compared."""

from __future__ import annotations

import time
from fractions import Fraction
from pathlib import Path

import pytest

from chalicelib.composition.capture import CaptureOptions, Picture
from chalicelib.tools import Chromium
from chalicelib.tools.page import Page

# It grows, so that a layer that keeps the scale at which it was drawn first shows; and it counts what it sees.
_PAGE = """<!doctype html><style>
  body { margin: 0; background: linear-gradient(#123, #f60); font: 20px serif; }
  p { position: absolute; left: 9px; top: 0; border-radius: 9px; background: #fff8; KEPT }
  b { position: absolute; left: 60px; top: 80px; backdrop-filter: blur(4px); animation: turn 1s infinite; }
  @keyframes turn { to { transform: perspective(200px) rotateY(90deg) scale(2); } }
</style><body data-width="240" data-height="160" data-duration="2"><p>Reel</p><b>Turn</b><i></i><script>
  const [p, i] = ["p", "i"].map((name) => document.querySelector(name));
  let seen = 0;
  new ResizeObserver(() => { seen++; }).observe(p);
  addEventListener("resize", () => { seen += 1000; });
  const move = (time) => {
    p.style.width = `${60 + time / 40}px`;
    p.style.transform = `translate(${time / 31}px, 12.3px) scale(${1 + time / 1000})`;
    i.textContent = `${seen} ${devicePixelRatio} ${innerWidth} ${visualViewport.scale}`;
    requestAnimationFrame(move);
  };
  requestAnimationFrame(move);
</script>"""
_AT, _TOTAL = 46, 48


@pytest.mark.parametrize(("kept", "shrunk"), [("", [16, 1]), ("will-change: transform", [])])
def test_a_rehearsal_leaves_no_trace(
    kept: str, shrunk: list[int], browser: Chromium, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frames after it are those of a run that showed all; a page whose layers keep a scale is not shrunk."""
    (tmp_path / "index.html").write_text(_PAGE.replace("KEPT", kept))
    asked: list[int] = []
    shrink = Page.shrink

    def noted(page: Page, times: int) -> None:
        asked.append(times)
        shrink(page, times)

    def play(first: int) -> list[bytes]:
        options = CaptureOptions(Fraction(30), picture=Picture.PNG)
        with browser.open(tmp_path, options, deadline=time.monotonic() + 60) as stage:
            asked.clear()
            if first:
                stage.rehearse(first)
            return [frame.picture for frame in stage.frames(first, _TOTAL, preroll=bool(first))]

    monkeypatch.setattr(Page, "shrink", noted)
    whole = play(0)
    assert play(_AT) == whole[_AT:]
    assert asked == shrunk
