"""The page's other clocks: each frame shows its own time by them too, however busy the machine, and in any chunk."""

from __future__ import annotations

import time
from fractions import Fraction
from pathlib import Path

from chalicelib.composition.capture import CaptureOptions, Frame, Picture
from chalicelib.composition.rgba import raw_rgba
from chalicelib.tools import Chromium

WIDTH, LANE = 160, 10
_KEYS = "@keyframes m{from{left:0}to{left:120px}}"
_WAIT = "for(let i=0;i<2e8;i++);"
# Each moves a white square of its own lane, whose left edge is at 2 pixels a frame; in shadow trees and frames too.
_LANES = {
    "shadow tree": "const s=lane(0).attachShadow({mode:'closed'});s.innerHTML='<style>b{position:absolute;width:10px;"
    f"height:10px;background:#fff;animation:m 2s linear}}{_KEYS}</style><b></b>'",
    "worker": "const w=new Worker('worker.js');w.onmessage=(e)=>{move(1,e.data)}",
    "worker of a blob": "const v=new Worker(URL.createObjectURL(new Blob(['(function f(){postMessage(Date.now()-"
    "1704067200000);setTimeout(f,1)})()'])));v.onmessage=(e)=>{move(2,e.data)}",
    "SVG's own animation": "lane(3).innerHTML=`<svg width=160 height=10 style=display:block><rect width=10 height=10 "
    "fill=#fff><animate attributeName=x from=0 to=120 dur=2s /></rect></svg>`",
    "an animation's start": "square(4).animate({left:['0px','120px']},2000).startTime=document.timeline.currentTime;",
    "an animation turned": "const t=square(5).animate({left:['120px','0px']},{duration:2000,fill:'both'});t.reverse()",
    "an event's time": "const e=()=>{move(6,new Event('x').timeStamp);requestAnimationFrame(e)};e()",
    "the audio clock": "const a=new AudioContext();const f=()=>{move(7,a.currentTime*1000);"
    "requestAnimationFrame(f)};f()",
    "a frame of no origin": "lane(8).innerHTML='<iframe sandbox=allow-scripts src=sandboxed.html width=160 height=10 "
    "style=border:0;display:block></iframe>'",
    "a shared worker": "const u=new SharedWorker('shared.js');u.port.onmessage=(e)=>{move(9,e.data)}",
    "a worker's canvas": "const k=document.createElement('canvas');k.width=160;k.height=10;k.style.display='block';"
    "lane(10).append(k);const o=k.transferControlToOffscreen();new Worker('canvas.js').postMessage(o,[o])",
    "a marquee": "lane(11).innerHTML='<marquee behavior=alternate direction=right scrollamount=6 scrolldelay=100 "
    "style=display:block;width:160px;height:10px;line-height:0><img src=white.svg></marquee>'",
    "a drawing's own animation": "lane(12).innerHTML='<img src=smil.svg style=display:block>'",
    "a drawing's own style": "lane(13).style.background='url(style.svg)'",
    "a frame with a closed tree": "lane(14).innerHTML='<iframe src=closed.html width=160 height=10 "
    "style=border:0;display:block></iframe>'",
}
_HEIGHT = LANE * len(_LANES)
_SQUARE = "position:absolute;left:0;top:0;width:10px;height:10px;background:#fff"
_PAGE = f"""<!doctype html><body data-duration="2" data-width="{WIDTH}" data-height="{_HEIGHT}"
    style="margin:0;background:#000"><script>
    const lane=(n)=>{{const d=document.createElement('div');d.style.cssText='position:absolute;left:0;width:{WIDTH}px;'
    +'height:{LANE}px;top:'+n*{LANE}+'px';document.body.append(d);return d}};
    const square=(n)=>{{const d=document.createElement('div');d.style.cssText='{_SQUARE}';lane(n).append(d);return d}};
    const squares={{}};const move=(n,ms)=>{{(squares[n]??=square(n)).style.left=ms*.06+'px'}};
    {";".join(_LANES.values())};{_WAIT}fetch('worker.js').then(()=>{{{_WAIT}}});
    </script>"""
_SANDBOXED = f"""<!doctype html><body style="margin:0;background:#000"><div id="a" style="{_SQUARE}"></div>
    <script>(function f(){{a.style.left=performance.now()*.06+'px';requestAnimationFrame(f)}})()</script>"""
_DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="10"><rect width="10" height="10" fill="#fff">%s'
_FILES = {
    "index.html": _PAGE,
    "sandboxed.html": _SANDBOXED,
    "closed.html": "<body style='margin:0;background:#000'><div><template shadowrootmode=closed><style>b{"
    f"position:absolute;width:10px;height:10px;background:#fff;animation:m 2s linear}}{_KEYS}</style>"
    "<b></b></template>",
    "worker.js": "(function f(){postMessage(performance.now());setTimeout(f,1)})()",
    "shared.js": "onconnect=(e)=>{(function f(){e.ports[0].postMessage(performance.now());setTimeout(f,1)})()}",
    "canvas.js": "onmessage=(e)=>{const x=e.data.getContext('2d');x.fillStyle='#fff';(function f(){"
    "x.clearRect(0,0,160,10);x.fillRect(performance.now()*.06,0,10,10);requestAnimationFrame(f)})()}",
    "white.svg": _DRAWING % (10, "</rect></svg>"),
    "smil.svg": _DRAWING % (160, '<animate attributeName="x" from="0" to="120" dur="2s"/></rect></svg>'),
    "style.svg": _DRAWING
    % (160, "</rect><style>rect{animation:m 2s linear}@keyframes m{to{transform:translateX(120px)}}</style></svg>"),
}


def _frames(browser: Chromium, project: Path, start: int, end: int, *, preroll: bool = False) -> list[Frame]:
    options = CaptureOptions(Fraction(30), picture=Picture.PNG)
    with browser.open(project, options, deadline=time.monotonic() + 60) as stage:
        return list(stage.frames(start, end, preroll=preroll))


def _left_edge(frame: Frame, lane: int) -> int | None:
    row = raw_rgba(frame.picture)[(lane * LANE + LANE // 2) * WIDTH * 4 :][: WIDTH * 4 : 4]
    return next((x for x, red in enumerate(row) if red >= 128), None)


def test_every_clock_of_a_page_is_the_frame_s(browser: Chromium, tmp_path: Path) -> None:
    """In order and after a jump, on a page that is busy while it loads: what each clock moves is where it must be."""
    for name, content in _FILES.items():
        (tmp_path / name).write_text(content)
    for frame in (*_frames(browser, tmp_path, 0, 5), *_frames(browser, tmp_path, 30, 32)):
        found = {name: _left_edge(frame, lane) for lane, name in enumerate(_LANES)}
        assert found == dict.fromkeys(_LANES, 2 * frame.index), frame.index


def test_what_events_lead_to_is_the_same_in_any_chunk(browser: Chromium, tmp_path: Path) -> None:
    """The end of an animation begins another, and an answer to a late request a third: played up to a chunk as well."""
    (tmp_path / "index.html").write_text(
        f"""<!doctype html><body data-duration="1" data-width="{WIDTH}" data-height="90"
        style="margin:0;background:#000">
        <div id="a" style="{_SQUARE};animation:m .2s linear"></div><div id="b" style="{_SQUARE};top:40px"></div>
        <style>{_KEYS}</style><script>{_WAIT}
        a.addEventListener('animationend',()=>{{
        a.style.animation='none';a.offsetWidth;a.style.animation='m 1s linear'}});
        setTimeout(()=>fetch('index.html').then((r)=>r.text()).then(()=>{{let n=0;
        (function f(){{b.style.left=2*n+++'px';requestAnimationFrame(f)}})()}}),100)</script>"""
    )
    whole = [frame.picture for frame in _frames(browser, tmp_path, 0, 16)]
    assert len(set(whole)) == 16
    assert [frame.picture for frame in _frames(browser, tmp_path, 10, 16, preroll=True)] == whole[10:]
