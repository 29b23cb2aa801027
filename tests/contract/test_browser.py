"""The browser on real pages: what a frame shows, that it shows it again, and what a page is told when it cannot."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import pytest

from chalicelib.composition.capture import CaptureOptions, Picture
from chalicelib.composition.rgba import raw_rgba
from chalicelib.errors import (
    BrowserCrashed,
    CompositionNavigated,
    CompositionNotReady,
    CompositionTooHeavy,
    CompositionUnplayable,
    DeadlineNear,
    NotMediaPayload,
    WorkSuperseded,
)
from chalicelib.tools import Chromium, Ffmpeg, MediaInfo
from chalicelib.tools.browser_process import BrowserProcess
from chalicelib.tools.stage import Stage
from tests.browser import layer_browser

WIDTH, HEIGHT = 160, 90
_SIZE = f'data-width="{WIDTH}" data-height="{HEIGHT}"'
_BARE = "<!doctype html><style>body{margin:0;background:#000}</style>"


@pytest.fixture(scope="module")
def browser(ffmpeg_path: Path) -> Iterator[Chromium]:
    found = Chromium(Ffmpeg(str(ffmpeg_path)), MediaInfo(), find=layer_browser)
    yield found
    found.close()


class Theatre:
    """Opens pages that are written on the spot."""

    def __init__(self, browser: Chromium, folder: Path) -> None:
        self.browser, self.folder = browser, folder

    @contextmanager
    def stage(
        self, html: str, *, seconds: float = 60.0, look: Callable[[], None] = lambda: None, **options: object
    ) -> Iterator[Stage]:
        (self.folder / "index.html").write_text(html)
        wanted = CaptureOptions(frame_rate=Fraction(30), **{"picture": Picture.PNG, **options})  # type: ignore[arg-type]
        with self.browser.open(self.folder, wanted, deadline=time.monotonic() + seconds, look=look) as stage:
            yield stage

    def hashes(self, html: str, start: int, end: int, *, preroll: bool = False) -> list[str]:
        with self.stage(html, picture=Picture.JPEG) as stage:
            frames = stage.frames(start, end, preroll=preroll)
            return [hashlib.sha256(frame.picture).hexdigest() for frame in frames]


@pytest.fixture
def theatre(browser: Chromium, tmp_path: Path) -> Theatre:
    return Theatre(browser, tmp_path)


def pixel(png: bytes, x: int, y: int, width: int = WIDTH) -> tuple[int, ...]:
    at = (y * width + x) * 4
    return tuple(raw_rgba(png)[at : at + 4])


# A bar of 10 pixels whose left edge is at 2 pixels a frame, by every means a page has.
_MEANS = {
    "css": "<style>#a{animation:m 2s linear}@keyframes m{to{left:120px}}</style>",
    "waapi": "<script>a.animate({left:['0px','120px']},2000)</script>",
    "raf": "<script>(function f(t){a.style.left=t*0.06+'px';requestAnimationFrame(f)})(0)</script>",
    "timer": "<script>setInterval(()=>a.style.left=performance.now()*0.06+'px',1)</script>",
    "date": "<script>const b=Date.now();(function f(){a.style.left=(Date.now()-b)*.06+'px';requestAnimationFrame(f)})()"
    "</script>",
    "gsap": '<script src="https://cdn.jsdelivr.net/npm/gsap@3.12.5/dist/gsap.min.js"></script>'
    "<script>gsap.to('#a',{left:120,duration:2,ease:'none'})</script>",
}
_BAR = '<div id="a" style="position:absolute;left:0;top:0;width:10px;height:90px;background:#fff"></div>'


@pytest.mark.parametrize("means", _MEANS)
def test_a_frame_shows_its_own_time_by_whatever_means(theatre: Theatre, means: str) -> None:
    """Frame k shows k / frame rate seconds, in order and after a jump, for each way that pages move things."""
    html = f'{_BARE}<body data-duration="2" {_SIZE}>{_BAR}{_MEANS[means]}'
    with theatre.stage(html) as stage:
        shown = [*stage.frames(0, 4, preroll=False), *stage.frames(30, 32, preroll=False)]
    for frame in shown:
        left = 2 * frame.index
        assert pixel(frame.picture, left + 5, 45) == (255, 255, 255, 255), frame.index
        assert pixel(frame.picture, left + 12, 45) == (0, 0, 0, 255), frame.index
        assert left < 3 or pixel(frame.picture, left - 3, 45) == (0, 0, 0, 255), frame.index


def test_the_same_frames_run_to_run_and_from_any_start(theatre: Theatre) -> None:
    """Two runs have the same bytes, and so has a run that starts in the middle; random numbers and text among them."""
    html = f"""{_BARE}<body data-duration="2" {_SIZE}><canvas id="c" width="160" height="90"></canvas>
        <h1 style="position:absolute;top:0;color:#fff;animation:m 1s infinite alternate">Text</h1>
        <style>@keyframes m{{to{{transform:translate(80px,30px) rotate(20deg)}}}}</style>
        <script>const x=c.getContext('2d');(function f(){{x.fillStyle=`hsl(${{Math.random()*360}} 80% 50%)`;
        x.fillRect(Math.random()*160,Math.random()*90,30,30);x.clearRect(0,0,160,20);x.fillRect(0,0,160,90);
        requestAnimationFrame(f)}})()</script>"""
    first = theatre.hashes(html, 0, 24)
    assert theatre.hashes(html, 0, 24) == first
    assert theatre.hashes(html, 14, 24) == first[14:]
    assert len(set(first)) > 20


def test_a_page_that_keeps_state_is_the_same_after_a_preroll(theatre: Theatre) -> None:
    """What adds up frame by frame, and a CSS transition, need the frames before; with them a chunk equals the whole."""
    html = f"""{_BARE}<body data-duration="2" {_SIZE}>{_BAR}<script>let n=0;(function f(){{n++;a.style.width=n+'px';
        if(n===8){{a.style.transition='top 1s';a.style.top='60px'}}requestAnimationFrame(f)}})()</script>"""
    whole = theatre.hashes(html, 0, 24)
    assert theatre.hashes(html, 16, 24) != whole[16:]
    assert theatre.hashes(html, 16, 24, preroll=True) == whole[16:]
    with theatre.stage(html) as stage:
        assert [(list(stage.frames(end - 1, end, preroll=True)), stage.began_late())[1] for end in (4, 24)] == [
            False,
            True,
        ]


def test_still_frames_are_marked_and_never_missed(theatre: Theatre) -> None:
    """A page that moves at two moments only has three pictures; all the others repeat the one before."""
    html = f"""{_BARE}<body data-duration="1" {_SIZE}>{_BAR}<script>setTimeout(()=>a.style.left='50px',300);
        setTimeout(()=>a.style.left='100px',600)</script>"""
    with theatre.stage(html) as stage:
        frames = list(stage.frames(0, 30, preroll=False))
    assert [frame.index for frame in frames if not frame.repeated] == [0, 9, 18]
    assert len({frame.picture for frame in frames}) == 3


def test_the_published_runtime_drives_projects_made_for_it(theatre: Theatre) -> None:
    """Clips come and go, a nested composition is loaded, a variable reaches its text, gsap's timeline is followed."""
    (theatre.folder / "inner.html").write_text(
        '<template id="inner-template"><div data-composition-id="inner" data-width="160" data-height="90">'
        '<div style="position:absolute;left:0;top:60px;width:160px;height:30px;background:#00f"></div></div></template>'
    )
    html = f"""<!doctype html><html data-composition-variables='[{{"id":"hue","type":"string","default":"red"}}]'><head>
        <script src="https://cdn.jsdelivr.net/npm/gsap@3.14.2/dist/gsap.min.js"></script></head>
        <body style="margin:0;background:#000">
        <div data-composition-id="main" data-start="0" data-duration="2" {_SIZE}
             style="position:relative;width:160px;height:90px;overflow:hidden">
          <div id="a" class="clip" data-start="0" data-duration="2" data-track-index="0"
               style="position:absolute;left:0;top:0;width:10px;height:20px"></div>
          <div id="b" class="clip" data-start="1" data-duration="0.5" data-track-index="1"
               style="position:absolute;left:0;top:30px;width:160px;height:20px;background:#0f0"></div>
          <div id="n" data-composition-id="inner" data-composition-src="inner.html" data-start="0" data-duration="2"
               data-track-index="2"></div>
        </div><script>
        a.style.background = window.__hyperframes.getVariables().hue;
        const tl = gsap.timeline({{paused: true}}); tl.to('#a', {{left: 120, duration: 2, ease: 'none'}});
        window.__timelines = {{main: tl}};</script></body></html>"""
    with theatre.stage(html, variables={"hue": "#ffff00"}) as stage:
        assert (stage.facts.runtime, stage.facts.width, stage.facts.height) == ("hyperframes", WIDTH, HEIGHT)
        assert stage.facts.duration == 2
        early, late = (next(stage.frames(index, index + 1, preroll=False)).picture for index in (15, 35))
    assert pixel(early, 35, 10) == (255, 255, 0, 255)
    assert pixel(early, 35, 40) == (0, 0, 0, 255)
    assert pixel(early, 35, 75) == (0, 0, 255, 255)
    assert pixel(late, 75, 10) == (255, 255, 0, 255)
    assert pixel(late, 35, 40) == (0, 255, 0, 255)


_RUNTIME_PAGE = """<!doctype html><head>
    <script src="https://cdn.jsdelivr.net/npm/gsap@3.14.2/dist/gsap.min.js"></script></head>
    <body style="margin:0;background:#000"><div data-composition-id="main" data-start="0" data-duration="3"
    data-width="160" data-height="90" style="position:relative;width:160px;height:90px;overflow:hidden">%s</div>
    <script>window.__timelines={main:gsap.timeline({paused:true})};</script>%s"""


def test_animations_start_at_their_beginning_however_long_a_page_loads(theatre: Theatre) -> None:
    """Under the published runtime too, which reads where it finds an animation: Chromium's clock may have moved it."""
    html = _RUNTIME_PAGE % (
        _BAR,
        "<script>a.animate({left:['0px','120px']},2000);for(let i=0;i<3e8;i++);</script>"
        "<script>fetch('index.html').then(()=>{for(let i=0;i<3e8;i++);})</script>",
    )
    with theatre.stage(html) as stage:
        shown = [*stage.frames(0, 2, preroll=False), *stage.frames(30, 31, preroll=False)]
    for frame in shown:
        left = 2 * frame.index
        assert pixel(frame.picture, left + 5, 45) == (255, 255, 255, 255), frame.index
        assert pixel(frame.picture, left + 12, 45) == (0, 0, 0, 255), frame.index
        assert left < 3 or pixel(frame.picture, left - 3, 45) == (0, 0, 0, 255), frame.index


def test_a_page_counts_the_same_frames_however_long_it_loads(theatre: Theatre, ffmpeg_path: Path) -> None:
    """Under the published runtime too: by callbacks, by promises, with sound, ready at once or late; and what waits
    for two frames before it goes on has had them."""
    tone = ("-f", "lavfi", "-i", "sine=440:duration=1", theatre.folder / "tone.wav")
    subprocess.run([ffmpeg_path, "-v", "error", *tone], check=True)
    html = _RUNTIME_PAGE % (
        '<audio id="s" src="tone.wav" data-start="0" data-duration="1"></audio>',
        """<script>let called=0,promised=0,built=false;
        (function f(){called++;requestAnimationFrame(f)})();
        (async()=>{for(;;){await new Promise(requestAnimationFrame);promised++}})();
        requestAnimationFrame(()=>requestAnimationFrame(()=>built=true));
        window.__hfTimelinesBuilding=true;
        setTimeout(()=>{window.__hfTimelinesBuilding=false;dispatchEvent(new Event('hf-timelines-built'))},
        window.__hfVariables.wait)</script>""",
    )
    counted = []
    for wait_ms in (0, 40, 400):
        with theatre.stage(html, variables={"wait": wait_ms}) as stage:
            loaded = stage._page.evaluate("[called, promised, built]")
            list(stage.frames(0, 3, preroll=False))
            counted.append((loaded, stage._page.evaluate("[called, promised]")))
    assert counted == [([3, 2, True], [6, 5])] * 3


def _nested(name: str, duration_s: float, inner: str, colour: str, top: int) -> str:
    """A composition of 20 pixels' height whose box runs from 0 to 120 within its time."""
    return f"""<template id="{name}-template"><div data-composition-id="{name}" data-width="160" data-height="90"
        data-duration="{duration_s}"><div class="box" ></div>{inner}
        <style>.box{{position:absolute;left:0;top:{top}px;width:10px;height:20px;background:{colour}}}</style>
        <script>const tl=gsap.timeline({{paused:true}});
        tl.to('.box',{{left:120,duration:{duration_s},ease:'none'}});
        window.__timelines['{name}']=tl;</script></div></template>"""


def test_compositions_nest_to_any_depth(theatre: Theatre) -> None:
    """The third and the fourth level are loaded too: each in its own style, at its own time within the one above."""
    hosts = {
        name: f'<div data-composition-id="{name}" data-composition-src="{name}.html" data-start="{start}" '
        f'data-duration="{duration}" data-track-index="1" style="position:absolute;left:0;top:0"></div>'
        for name, start, duration in (("one", 0.5, 2), ("two", 0.5, 1), ("three", 0, 1))
    }
    for name, duration_s, inner, colour, top in (
        ("one", 2, hosts["two"], "#f00", 0),
        ("two", 1, hosts["three"], "#0f0", 30),
        ("three", 1, "", "#00f", 60),
    ):
        (theatre.folder / f"{name}.html").write_text(_nested(name, duration_s, inner, colour, top))
    with theatre.stage(_RUNTIME_PAGE % (hosts["one"], "")) as stage:
        assert stage.said == ()
        early, late = (next(stage.frames(index, index + 1, preroll=False)).picture for index in (20, 45))
    # At 0.67 s only the first has begun; at 1.5 s it is half through, and so are the two within it.
    assert [pixel(early, 15, y)[:3] for y in (10, 40, 70)] == [(255, 0, 0), (0, 0, 0), (0, 0, 0)]
    assert [pixel(late, 65, y)[:3] for y in (10, 40, 70)] == [(255, 0, 0), (0, 255, 0), (0, 0, 255)]


def _grey(number: int) -> int:
    """Of picture `number` of the clip below, in the full range."""
    return round((40 + 6 * number - 16) * 255 / 219)


def _grey_steps(ffmpeg_path: Path, clip: Path) -> None:
    """A second of 24 pictures, each lighter than the one before, with a tone."""
    steps = "color=gray:s=64x64:r=24:d=1,geq=lum='40+N*6':cb=128:cr=128"
    inputs = ("-f", "lavfi", "-i", steps, "-f", "lavfi", "-i", "sine=440:duration=1")
    coding = ("-c:v", "libx264", "-qp", "0", "-g", "8", "-pix_fmt", "yuv420p", "-c:a", "aac")
    subprocess.run([ffmpeg_path, "-v", "error", *inputs, *coding, clip], check=True)


def test_a_video_is_exact_to_the_frame_and_its_sound_is_told(theatre: Theatre, ffmpeg_path: Path) -> None:
    """At each frame a video shows the picture of its own time, in its box and in a canvas; its sound is told."""
    _grey_steps(ffmpeg_path, theatre.folder / "clip.mp4")
    html = f"""{_BARE}<body data-duration="1" {_SIZE}><video src="clip.mp4" autoplay
        style="position:absolute;left:0;top:0;width:80px;height:90px;object-fit:fill"></video>
        <canvas id="c" width="80" height="90" style="position:absolute;left:80px;top:0"></canvas>
        <script>const v=document.querySelector('video'),x=c.getContext('2d');
        (function f(){{x.drawImage(v,0,0,80,90);requestAnimationFrame(f)}})()</script>"""
    with theatre.stage(html) as stage:
        (sound,) = stage.facts.media
        frames = [*stage.frames(0, 12, preroll=False), *stage.frames(25, 27, preroll=False)]
    assert (sound.path, sound.kind, sound.start) == ("clip.mp4", "video", Fraction(0))
    for frame in frames:
        expected = _grey(frame.index * 24 // 30)
        for x in (40, 120):
            assert abs(pixel(frame.picture, x, 45)[0] - expected) <= 2, (frame.index, x)


@pytest.mark.parametrize("runtime", [True, False])
@pytest.mark.parametrize("kind", ["text", "headed", "missing"])
def test_a_video_that_cannot_be_decoded_is_an_error(
    theatre: Theatre, ffmpeg_path: Path, kind: str, runtime: bool
) -> None:
    """No render of a page is silent about it: whether the file is none at all, or its pictures are noise."""
    clip = theatre.folder / "clip.mp4"
    _grey_steps(ffmpeg_path, clip)
    data = bytearray(clip.read_bytes())
    at = data.index(b"mdat") + 4
    length = int.from_bytes(data[at - 8 : at - 4])
    data[at : at - 8 + length] = bytes(range(1, 256)) * (length // 255) + bytes(length - 8 - length // 255 * 255)
    clip.write_bytes({"text": b"no media at all", "headed": bytes(data), "missing": b""}[kind])
    if kind == "missing":
        clip.unlink()
    video = '<video id="v" src="clip.mp4" autoplay data-start="0" data-duration="1" data-track-index="0" muted></video>'
    html = _RUNTIME_PAGE % (video, "") if runtime else f'{_BARE}<body data-duration="1" {_SIZE}>{video}'
    with pytest.raises(NotMediaPayload, match=r"clip\.mp4"), theatre.stage(html) as stage:
        list(stage.frames(0, 2, preroll=False))


def test_the_first_source_that_can_be_read_is_shown(theatre: Theatre, ffmpeg_path: Path) -> None:
    """As in a browser: a page names several, and one of them is enough."""
    _grey_steps(ffmpeg_path, theatre.folder / "clip.mp4")
    sources = '<source src="none.webm"><source src="clip.mp4">'
    with theatre.stage(f'{_BARE}<body data-duration="1" {_SIZE}><video autoplay>{sources}</video>') as stage:
        assert [clip.path for clip in stage.facts.media] == ["clip.mp4"]
        assert not stage._page.evaluate("document.querySelector('video').ended")


def test_size_follows_the_request_when_the_shape_does(theatre: Theatre) -> None:
    """A request of the same shape is drawn at its own pixels; another shape is refused, and says so."""
    html = f'{_BARE}<body data-duration="1" {_SIZE}>{_BAR}'
    with theatre.stage(html, width=320) as stage:
        assert stage.facts.scale == 2
        picture = next(stage.frames(0, 1, preroll=False)).picture
    assert len(raw_rgba(picture)) == 320 * 180 * 4
    assert pixel(picture, 18, 170, width=320) == (255, 255, 255, 255)
    assert pixel(picture, 22, 170, width=320) == (0, 0, 0, 255)
    with (
        pytest.raises(CompositionUnplayable, match="160x90, which cannot become 320x320"),
        theatre.stage(html, width=320, height=320),
    ):
        pass


def test_transparency_is_kept(theatre: Theatre) -> None:
    """Where the page paints nothing, a PNG of a transparent capture has no alpha."""
    html = f'<!doctype html><body style="margin:0" data-duration="1" {_SIZE}>{_BAR}'
    with theatre.stage(html, transparent=True) as stage:
        picture = next(stage.frames(0, 1, preroll=False)).picture
    assert pixel(picture, 5, 45) == (255, 255, 255, 255)
    assert pixel(picture, 80, 45)[3] == 0


def test_a_page_without_a_length_is_told_how_to_say_it(theatre: Theatre) -> None:
    """The error names both ways to state a length; a finite animation is a length too."""
    with pytest.raises(CompositionUnplayable, match="data-duration"), theatre.stage(f"{_BARE}<body {_SIZE}>"):
        pass
    with theatre.stage(f"{_BARE}<body {_SIZE}>{_BAR}{_MEANS['css']}") as stage:
        assert stage.facts.duration == 2


def test_a_browser_that_stalls_is_not_the_pages_fault(theatre: Theatre, monkeypatch: pytest.MonkeyPatch) -> None:
    """No frame comes although the page's scripts answer: another browser is tried, as after a crash."""
    with theatre.stage(f'{_BARE}<div {_SIZE} data-duration="1">still</div>') as stage:
        monkeypatch.setattr("chalicelib.tools.page._FRAME_S", 0.5)
        # A number that is never answered, as that of a frame that Chromium has lost.
        monkeypatch.setattr("chalicelib.tools.page.Page._ask_frame", lambda *_: -1)
        with pytest.raises(BrowserCrashed):
            next(stage.frames(0, 1, preroll=False))


def test_a_page_that_hangs_fails_in_its_time(theatre: Theatre, monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop without end is the page's error, after the time that a frame has; or the deadline's, if that is nearer."""
    monkeypatch.setattr("chalicelib.tools.page._FRAME_S", 1.0)
    html = f'{_BARE}<body data-duration="1" {_SIZE}><script>requestAnimationFrame(()=>{{while(true);}})</script>'
    with theatre.stage(html) as stage, pytest.raises(CompositionNotReady, match="did not finish a frame"):
        next(stage.frames(0, 1, preroll=False))
    monkeypatch.setattr("chalicelib.tools.page._FRAME_S", 30.0)
    with theatre.stage(html, seconds=3.0) as stage, pytest.raises(DeadlineNear):
        next(stage.frames(0, 1, preroll=False))


@pytest.mark.parametrize("where", ["loading", "preroll", "frame"])
def test_who_looks_after_a_page_can_end_it_at_any_time(theatre: Theatre, where: str) -> None:
    """A render that was cancelled leaves no browser behind, also while its page loads, plays up to its chunk, or hangs:
    which would be its own error half a minute later."""
    script = {
        "loading": "document.write('<img src=\"x.png\">');while(true);",
        "preroll": "const t=Date.now;(function f(n){for(let i=0;i<3e7;i++)Math.sqrt(i);requestAnimationFrame(f)})()",
        "frame": "requestAnimationFrame(()=>{while(true);})",
    }[where]
    html = f'{_BARE}<body data-duration="60" {_SIZE}><script>{script}</script>'
    cancelled = time.monotonic() + 2.0

    def look() -> None:
        if time.monotonic() > cancelled:
            raise WorkSuperseded("the render has ended")

    with pytest.raises(WorkSuperseded), theatre.stage(html, look=look) as stage:
        list(stage.frames(1700, 1701, preroll=where == "preroll"))


def test_a_page_that_throws_is_quoted(theatre: Theatre) -> None:
    """What the page said last travels with the error."""
    html = f"""{_BARE}<body data-duration="1" {_SIZE}><script>console.error('first word');
        window.__hfWaitForSeekCompletion = () => Promise.reject(new Error('no scene'))</script>"""
    with theatre.stage(html) as stage, pytest.raises(CompositionNotReady) as raised:
        next(stage.frames(0, 1, preroll=False))
    said = str(raised.value.context["said"])
    assert "first word" in said
    assert "no scene" in said


def test_a_page_that_goes_elsewhere_is_stopped(theatre: Theatre) -> None:
    """After it has loaded, the main frame stays where it is."""
    html = f"""{_BARE}<body data-duration="1" {_SIZE}>
        <script>requestAnimationFrame(()=>{{location.href='/other.html'}})</script>"""
    (theatre.folder / "other.html").write_text("other")
    with theatre.stage(html) as stage, pytest.raises(CompositionNavigated):
        for _ in stage.frames(0, 10, preroll=False):
            pass


def test_a_page_may_lead_to_another_while_it_loads(theatre: Theatre) -> None:
    """The one that it ends at is the composition."""
    (theatre.folder / "second.html").write_text(f'{_BARE}<body data-duration="2" {_SIZE}>')
    with theatre.stage("<!doctype html><script>location.replace('second.html')</script>") as stage:
        assert (stage.facts.duration, stage.facts.width) == (Fraction(2), WIDTH)


def test_a_page_that_eats_memory_ends_alone(ffmpeg_path: Path, tmp_path: Path) -> None:
    """Above its limit the browser is killed, and the error says why."""
    small = Chromium(Ffmpeg(str(ffmpeg_path)), MediaInfo(), find=layer_browser, memory_limit_mb=500)
    theatre = Theatre(small, tmp_path)
    html = f"""{_BARE}<body data-duration="9" {_SIZE}><script>const all=[];
        (function f(){{all.push(new Uint8Array(5e7).fill(1));requestAnimationFrame(f)}})()</script>"""
    with pytest.raises(CompositionTooHeavy), theatre.stage(html) as stage:
        for _ in stage.frames(0, 270, preroll=False):
            pass


def test_a_browser_that_was_launched_is_the_one_that_opens(browser: Chromium, tmp_path: Path) -> None:
    """It waits for its project, once; one that died while it waited is replaced."""
    theatre = Theatre(browser, tmp_path)
    assert browser.version().count(".") == 3
    browser.launch()
    waiting = browser._take()
    browser._keep(waiting)
    os.kill(waiting.pid, signal.SIGKILL)
    while waiting.alive:
        time.sleep(0.01)
    with theatre.stage(f'{_BARE}<body data-duration="1" {_SIZE}>') as stage:
        assert stage.facts.duration == 1


def test_a_browser_that_is_killed_while_it_starts_is_worth_another_try() -> None:
    """A signal is chance; only a browser that ends by itself, or never answers, is one that cannot be started."""
    process = BrowserProcess(layer_browser())
    os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(BrowserCrashed):
        process.await_start()
