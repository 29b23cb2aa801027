"""The browser on real pages: what a frame shows, and that it shows it again."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from chalicelib.composition.rgba import raw_rgba
from chalicelib.errors import (
    CompositionUnplayable,
    NotMediaPayload,
)
from tests.theatre import BARE, HEIGHT, SIZE, WIDTH, Theatre, pixel

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
    html = f'{BARE}<body data-duration="2" {SIZE}>{_BAR}{_MEANS[means]}'
    with theatre.stage(html) as stage:
        shown = [*stage.frames(0, 4, preroll=False), *stage.frames(30, 32, preroll=False)]
    for frame in shown:
        left = 2 * frame.index
        assert pixel(frame.picture, left + 5, 45) == (255, 255, 255, 255), frame.index
        assert pixel(frame.picture, left + 12, 45) == (0, 0, 0, 255), frame.index
        assert left < 3 or pixel(frame.picture, left - 3, 45) == (0, 0, 0, 255), frame.index


def test_the_same_frames_run_to_run_and_from_any_start(theatre: Theatre) -> None:
    """Two runs have the same bytes, and so has a run that starts in the middle; random numbers and text among them."""
    html = f"""{BARE}<body data-duration="2" {SIZE}><canvas id="c" width="160" height="90"></canvas>
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
    html = f"""{BARE}<body data-duration="2" {SIZE}>{_BAR}<script>let n=0;(function f(){{n++;a.style.width=n+'px';
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
    html = f"""{BARE}<body data-duration="1" {SIZE}>{_BAR}<script>setTimeout(()=>a.style.left='50px',300);
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
        <div data-composition-id="main" data-start="0" data-duration="2" {SIZE}
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


def test_one_composition_at_two_depths_is_two(theatre: Theatre) -> None:
    """The one that comes with another has a timeline, a style and a start of its own, as if it were another file."""
    host = '<div data-composition-id="%s" data-composition-src="%s.html" data-start="%s" data-duration="%s" ' + (
        'data-track-index="%d" style="position:absolute;left:0;top:%dpx"></div>'
    )
    inner = host % ("two", "two", 0.5, 1, 1, 30)
    (theatre.folder / "one.html").write_text(_nested("one", 2, inner, "#f00", 60))
    (theatre.folder / "two.html").write_text(_nested("two", 1, "", "#0f0", 0))
    outer = host % ("two", "two", 0, 1, 1, 0) + host % ("one", "one", 0.5, 2, 2, 0)
    with theatre.stage(_RUNTIME_PAGE % (outer, "")) as stage:
        assert stage.said == ()
        early, late = (next(stage.frames(index, index + 1, preroll=False)).picture for index in (15, 45))
    green, black = (0, 255, 0), (0, 0, 0)
    assert [pixel(early, 65, y)[:3] for y in (10, 40)] == [green, black]
    assert [pixel(late, 65, y)[:3] for y in (10, 40)] == [black, green]
    assert pixel(late, 65, 70)[:3] == (255, 0, 0)


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
    html = f"""{BARE}<body data-duration="1" {SIZE}><video src="clip.mp4" autoplay
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
    html = _RUNTIME_PAGE % (video, "") if runtime else f'{BARE}<body data-duration="1" {SIZE}>{video}'
    with pytest.raises(NotMediaPayload, match=r"clip\.mp4"), theatre.stage(html) as stage:
        list(stage.frames(0, 2, preroll=False))


def test_the_first_source_that_can_be_read_is_shown(theatre: Theatre, ffmpeg_path: Path) -> None:
    """As in a browser: a page names several, and one of them is enough."""
    _grey_steps(ffmpeg_path, theatre.folder / "clip.mp4")
    sources = '<source src="none.webm"><source src="clip.mp4">'
    with theatre.stage(f'{BARE}<body data-duration="1" {SIZE}><video autoplay>{sources}</video>') as stage:
        assert [clip.path for clip in stage.facts.media] == ["clip.mp4"]
        assert not stage._page.evaluate("document.querySelector('video').ended")


def test_size_follows_the_request_when_the_shape_does(theatre: Theatre) -> None:
    """A request of the same shape is drawn at its own pixels; another shape is refused, and says so."""
    html = f'{BARE}<body data-duration="1" {SIZE}>{_BAR}'
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
    html = f'<!doctype html><body style="margin:0" data-duration="1" {SIZE}>{_BAR}'
    with theatre.stage(html, transparent=True) as stage:
        picture = next(stage.frames(0, 1, preroll=False)).picture
    assert pixel(picture, 5, 45) == (255, 255, 255, 255)
    assert pixel(picture, 80, 45)[3] == 0


def test_a_page_without_a_length_is_told_how_to_say_it(theatre: Theatre) -> None:
    """The error names both ways to state a length; a finite animation is a length too."""
    with pytest.raises(CompositionUnplayable, match="data-duration"), theatre.stage(f"{BARE}<body {SIZE}>"):
        pass
    with theatre.stage(f"{BARE}<body {SIZE}>{_BAR}{_MEANS['css']}") as stage:
        assert stage.facts.duration == 2


def test_an_audio_context_runs_on_virtual_time(theatre: Theatre) -> None:
    """It says that it runs, is as old as the page, and takes no time of the machine's."""
    html = f"""{BARE}<body data-duration="1" {SIZE}><script>
      const context = new AudioContext();
      const right = () => context.state === "running" && context.currentTime * 1000 === performance.now();
      const show = () => {{
        document.body.style.background = right() ? "#0f0" : "#f00";
        requestAnimationFrame(show);
      }};
      context.resume().then(show);
    </script>"""
    with theatre.stage(html) as stage:
        for frame in stage.frames(10, 12, preroll=False):
            assert pixel(frame.picture, 5, 5) == (0, 255, 0, 255), frame.index
