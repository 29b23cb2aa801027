"""What ends a page: hanging, leaving, eating memory, being cancelled, a browser that dies; and what is said of it."""

from __future__ import annotations

import os
import re
import signal
import time
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from chalicelib.composition.capture import Picture
from chalicelib.errors import (
    BrowserCrashed,
    CompositionNavigated,
    CompositionNotReady,
    CompositionTooHeavy,
    DeadlineNear,
    WorkSuperseded,
)
from chalicelib.tools import Chromium, Ffmpeg, MediaInfo
from chalicelib.tools.browser_process import BrowserProcess
from chalicelib.tools.page import Page
from tests.browser import layer_browser
from tests.theatre import BARE, SIZE, WIDTH, Theatre


def test_a_browser_that_stalls_is_not_the_pages_fault(theatre: Theatre, monkeypatch: pytest.MonkeyPatch) -> None:
    """No frame comes although the page's scripts answer: another browser is tried, as after a crash."""
    with theatre.stage(f'{BARE}<div {SIZE} data-duration="1">still</div>') as stage:
        monkeypatch.setattr("chalicelib.tools.page._FRAME_S", 0.5)
        # A number that is never answered, as that of a frame that Chromium has lost.
        monkeypatch.setattr("chalicelib.tools.page.Page._ask_frame", lambda *_: -1)
        with pytest.raises(BrowserCrashed):
            next(stage.frames(0, 1, preroll=False))


def test_a_browser_that_sleeps_over_a_frame_is_given_up_early(
    theatre: Theatre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One whose processes all sleep, and have computed nothing since it was asked again, will not make it any more."""
    with theatre.stage(f'{BARE}<div {SIZE} data-duration="1">still</div>', seconds=15) as stage:
        monkeypatch.setattr("chalicelib.tools.page._ASK_AGAIN_S", 1.0)
        monkeypatch.setattr("chalicelib.tools.page.Page._ask_frame", lambda *_: -1)
        with pytest.raises(BrowserCrashed):
            next(stage.frames(0, 1, preroll=False))


@pytest.mark.parametrize("picture", list(Picture))
def test_a_browser_that_makes_no_picture_is_not_the_pages_fault(
    theatre: Theatre, monkeypatch: pytest.MonkeyPatch, picture: Picture
) -> None:
    """Frames come, and none has what was asked for with it: the work may be done again by another browser."""
    with theatre.stage(f'{BARE}<div {SIZE} data-duration="1">still</div>', picture=picture) as stage:
        begin = Page.begin_frame
        monkeypatch.setattr(Page, "begin_frame", lambda page, *_screenshot: begin(page))
        with pytest.raises(BrowserCrashed):
            next(stage.frames(0, 1, preroll=False))


def test_a_browser_that_fails_while_a_page_loads_is_replaced(theatre: Theatre, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, at once: nothing is lost yet. A second that fails is an error."""
    begin, failing = Page.begin_frame, [1, 2, 3]

    def frame(page: Page, *given: Any) -> dict[str, Any]:
        if failing and failing.pop():
            raise BrowserCrashed("the browser makes no more frames")
        return begin(page, *given)

    monkeypatch.setattr(Page, "begin_frame", frame)
    html = f'{BARE}<div {SIZE} data-duration="1">still</div>'
    with pytest.raises(BrowserCrashed), theatre.stage(html):
        pass
    with theatre.stage(html) as stage:
        assert failing == []
        assert len(list(stage.frames(0, 1, preroll=False))) == 1


def test_a_page_that_hangs_fails_in_its_time(theatre: Theatre, monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop without end is the page's error, after the time that a frame has; or the deadline's, if that is nearer."""
    monkeypatch.setattr("chalicelib.tools.page._FRAME_S", 1.0)
    html = f'{BARE}<body data-duration="1" {SIZE}><script>requestAnimationFrame(()=>{{while(true);}})</script>'
    with theatre.stage(html) as stage, pytest.raises(CompositionNotReady, match="did not finish a frame"):
        next(stage.frames(0, 1, preroll=False))
    monkeypatch.setattr("chalicelib.tools.page._FRAME_S", 30.0)
    with theatre.stage(html, seconds=3.0) as stage, pytest.raises(DeadlineNear):
        next(stage.frames(0, 1, preroll=False))


def test_a_page_whose_process_is_killed_is_not_to_blame(theatre: Theatre) -> None:
    """The kernel may end a renderer alone; the chunk is worth another try, at once and not when a frame is overdue."""
    html = f'{BARE}<body data-duration="1" {SIZE}><script>requestAnimationFrame(()=>{{while(true);}})</script>'
    with theatre.stage(html) as stage:
        killer = Timer(1.0, _kill_renderers)
        killer.start()
        started = time.monotonic()
        with pytest.raises(BrowserCrashed, match="process has ended"):
            next(stage.frames(0, 1, preroll=False))
        assert time.monotonic() - started < 25
        killer.join()


def _kill_renderers() -> None:
    """Those that this process has started, by whatever way."""
    parents: dict[int, int] = {}
    renderers = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(FileNotFoundError, ProcessLookupError):
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                if b"--type=renderer" in (folder / "cmdline").read_bytes():
                    renderers.append(int(folder.name))
    for renderer in renderers:
        ancestor = renderer
        while ancestor not in (0, os.getpid()):
            ancestor = parents.get(ancestor, 0)
        if ancestor:
            os.kill(renderer, signal.SIGKILL)


@pytest.mark.parametrize("where", ["loading", "preroll", "frame"])
def test_who_looks_after_a_page_can_end_it_at_any_time(theatre: Theatre, where: str) -> None:
    """A render that was cancelled leaves no browser behind, also while its page loads, plays up to its chunk, or hangs:
    which would be its own error half a minute later."""
    script = {
        "loading": "document.write('<img src=\"x.png\">');while(true);",
        "preroll": "const t=Date.now;(function f(n){for(let i=0;i<3e7;i++)Math.sqrt(i);requestAnimationFrame(f)})()",
        "frame": "requestAnimationFrame(()=>{while(true);})",
    }[where]
    html = f'{BARE}<body data-duration="60" {SIZE}><script>{script}</script>'
    cancelled = time.monotonic() + 2.0

    def look() -> None:
        if time.monotonic() > cancelled:
            raise WorkSuperseded("the render has ended")

    with pytest.raises(WorkSuperseded), theatre.stage(html, look=look) as stage:
        list(stage.frames(1700, 1701, preroll=where == "preroll"))


def test_a_page_that_throws_is_quoted(theatre: Theatre) -> None:
    """What the page said last travels with the error."""
    html = f"""{BARE}<body data-duration="1" {SIZE}><script>console.error('first word');
        window.__hfWaitForSeekCompletion = () => Promise.reject(new Error('no scene'))</script>"""
    with theatre.stage(html) as stage, pytest.raises(CompositionNotReady) as raised:
        next(stage.frames(0, 1, preroll=False))
    said = str(raised.value.context["said"])
    assert "first word" in said
    assert "no scene" in said


def test_a_page_that_goes_elsewhere_is_stopped(theatre: Theatre) -> None:
    """After it has loaded, the main frame stays where it is."""
    html = f"""{BARE}<body data-duration="1" {SIZE}>
        <script>requestAnimationFrame(()=>{{location.href='/other.html'}})</script>"""
    (theatre.folder / "other.html").write_text("other")
    with theatre.stage(html) as stage, pytest.raises(CompositionNavigated):
        for _ in stage.frames(0, 10, preroll=False):
            pass


def test_a_page_may_lead_to_another_while_it_loads(theatre: Theatre) -> None:
    """The one that it ends at is the composition."""
    (theatre.folder / "second.html").write_text(f'{BARE}<body data-duration="2" {SIZE}>')
    with theatre.stage("<!doctype html><script>location.replace('second.html')</script>") as stage:
        assert (stage.facts.duration, stage.facts.width) == (Fraction(2), WIDTH)


def test_a_page_that_eats_memory_ends_alone(ffmpeg_path: Path, tmp_path: Path) -> None:
    """Above its limit the browser is killed, and the error says why."""
    small = Chromium(Ffmpeg(str(ffmpeg_path)), MediaInfo(), find=layer_browser, memory_limit_mb=500)
    theatre = Theatre(small, tmp_path)
    html = f"""{BARE}<body data-duration="9" {SIZE}><script>const all=[];
        (function f(){{all.push(new Uint8Array(5e7).fill(1));requestAnimationFrame(f)}})()</script>"""
    with pytest.raises(CompositionTooHeavy), theatre.stage(html) as stage:
        for _ in stage.frames(0, 270, preroll=False):
            pass


def test_a_browser_that_was_launched_is_the_one_that_opens(browser: Chromium, tmp_path: Path) -> None:
    """It waits for its project, once; one that died while it waited is replaced."""
    theatre = Theatre(browser, tmp_path)
    assert re.fullmatch(r"\d+(\.\d+){3}\+[0-9a-f]{8}", browser.version())
    browser.launch()
    waiting = browser._take()
    browser._keep(waiting)
    os.kill(waiting.pid, signal.SIGKILL)
    while waiting.alive:
        time.sleep(0.01)
    with theatre.stage(f'{BARE}<body data-duration="1" {SIZE}>') as stage:
        assert stage.facts.duration == 1


def test_a_browser_that_is_killed_while_it_starts_is_worth_another_try() -> None:
    """A signal is chance; only a browser that ends by itself, or never answers, is one that cannot be started."""
    process = BrowserProcess(layer_browser())
    os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(BrowserCrashed):
        process.await_start()
