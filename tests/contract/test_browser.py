"""The browser on real pages: what a frame shows, that it shows it again, and what a page is told when it cannot."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import pytest

from chalicelib.composition.capture import CaptureOptions, Picture
from chalicelib.composition.rgba import raw_rgba
from chalicelib.errors import (
    CompositionNavigated,
    CompositionNotReady,
    CompositionTooHeavy,
    CompositionUnplayable,
    DeadlineNear,
)
from chalicelib.tools import Chromium, Ffmpeg, MediaInfo
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
    def stage(self, html: str, *, seconds: float = 60.0, **options: object) -> Iterator[Stage]:
        (self.folder / "index.html").write_text(html)
        wanted = CaptureOptions(frame_rate=Fraction(30), **{"picture": Picture.PNG, **options})  # type: ignore[arg-type]
        with self.browser.open(self.folder, wanted, deadline=time.monotonic() + seconds) as stage:
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


def test_a_page_that_hangs_fails_in_its_time(theatre: Theatre, monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop without end is the page's error, after the time that a frame has; or the deadline's, if that is nearer."""
    monkeypatch.setattr("chalicelib.tools.page._FRAME_S", 1.0)
    html = f'{_BARE}<body data-duration="1" {_SIZE}><script>requestAnimationFrame(()=>{{while(true);}})</script>'
    with theatre.stage(html) as stage, pytest.raises(CompositionNotReady, match="did not finish a frame"):
        next(stage.frames(0, 1, preroll=False))
    monkeypatch.setattr("chalicelib.tools.page._FRAME_S", 30.0)
    with theatre.stage(html, seconds=3.0) as stage, pytest.raises(DeadlineNear):
        next(stage.frames(0, 1, preroll=False))


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
