"""What is put into a page."""

from __future__ import annotations

from fractions import Fraction

import pytest

from chalicelib.composition.capture import CaptureOptions
from chalicelib.composition.page import (
    HYPERFRAMES,
    PAGE,
    begin_worker,
    first_scripts,
    inject,
    is_ready,
    media_urls,
    milliseconds,
    moving_wanted,
    nest,
    open_trees,
    picture_wanted,
    runtime_of,
    worker_scripts,
    worker_wanted,
)
from chalicelib.composition.serving import ORIGIN
from chalicelib.errors import CompositionUnplayable

TEXT = b"<style>html,body,*{text-rendering:geometricPrecision}</style>"
FONTS = b"<style>@font-face{}</style>"
TAG = TEXT + FONTS + b'<script src="/__sluice/hyperframes.js"></script>'

_COUNTER = (
    b"function vm(e,t){for(let i of e){let{authoredCompositionId:o,runtimeCompositionId:a}=Zi(i),u=Sv(i);"
    b"let s=(t.get(o)||0)>1,l=a||o;if(u){let d=s?(n.get(o)||0)+1:0;}}}"
)


@pytest.mark.parametrize(
    ("html", "runtime"),
    [
        (b'<div data-composition-id="main">', HYPERFRAMES),
        (b"<DIV class=x\n data-composition-id=main>", HYPERFRAMES),
        (b"<div data-width=1>", PAGE),
        (b"<p>about data-composition-id = things</p>", PAGE),
    ],
)
def test_the_root_element_tells_who_drives(html: bytes, runtime: str) -> None:
    """An attribute of an element, not a word of the text."""
    assert runtime_of(html) == runtime


@pytest.mark.parametrize(
    ("html", "whole"),
    [
        (b"<html><head lang=a><title>", b"<html><head lang=a>" + TAG + b"<title>"),
        (b"<!doctype html><div>", b"<!doctype html>" + TAG + b"<div>"),
        (b"<header><div>", TAG + b"<header><div>"),
        (
            b'<head><script src="https://cdn.x/hyperframe.runtime.iife.js"></script><script src="a.js"></script>',
            b"<head>" + TAG + b'<script src="a.js"></script>',
        ),
    ],
)
def test_the_runtime_is_the_first_script_and_the_only_one_of_its_kind(html: bytes, whole: bytes) -> None:
    """It stands at the start of the head, behind text and fonts; what the page brought itself is gone."""
    assert inject(html, FONTS) == whole


def test_the_runtime_is_made_to_load_what_it_has_loaded() -> None:
    """Its one call of the loader goes through ours; a runtime that is not as expected is refused, not half used."""
    loader = b"if(W)Ds();else{let c={};Am(c).then(()=>Sm(c)).finally(()=>{W=!0})}"
    changed = nest(loader + _COUNTER).decode().partition("function vm")[0]
    assert changed.startswith("if(W)Ds();else{let c={};(")
    assert "async (load, mount)" in changed
    assert changed.endswith(")(()=>Am(c),()=>Sm(c)).finally(()=>{W=!0})}")
    for runtime in (b"Am(c).finally(()=>0)" + _COUNTER, loader):
        with pytest.raises(CompositionUnplayable, match="make layers"):
            nest(runtime)


def test_the_runtime_asks_for_the_number_of_a_name() -> None:
    """Where it counts compositions of one name, and where it numbers them; the rest of its text stays."""
    changed = nest(b"Am(c).then(()=>Sm(c)).finally(()=>0);" + _COUNTER).partition(b"function vm")[2]
    assert changed == (
        b"(e,t){for(let i of e){let{authoredCompositionId:o,runtimeCompositionId:a}=Zi(i),u=Sv(i);"
        b"let s=(t.get(o)||0)>1||__sluice.instances.repeated(i,o),l=a||o;"
        b"if(u){let d=s?__sluice.instances.number(i,o,(n.get(o)||0)+1):0;}}}"
    )


def test_timers_are_real_under_the_published_runtime_only() -> None:
    """It waits with them while it loads; variables reach both kinds of page."""
    options = CaptureOptions(frame_rate=Fraction(30000, 1001), variables={"title": "</script>\u2028"})
    for runtime, timers in ((HYPERFRAMES, '"timers": false'), (PAGE, '"timers": true')):
        script = first_scripts(runtime, options)
        assert timers in script
        assert '{"title": "</script>\\u2028"}' in script
        assert ("__HF_RENDER_CAPTURE_MODE" in script) == (runtime == HYPERFRAMES)


def test_frame_times_are_exact_to_a_double() -> None:
    """Frame 30000 of 29.97 is at 1001 seconds."""
    assert milliseconds(30000, Fraction(30000, 1001)) == 1_001_000


def test_a_page_is_ready_when_its_media_are_known() -> None:
    """And, under the published runtime, when that says so and has a length."""
    ready: dict[str, object] = {"loaded": True, "runtime": True, "duration": 1, "unknown": []}
    assert is_ready(ready, HYPERFRAMES)
    assert is_ready({**ready, "runtime": False, "duration": 0}, PAGE)
    missing: tuple[tuple[str, object], ...] = (("loaded", False), ("unknown", ["http://project.localhost/a.mp4"]))
    for name, value in missing:
        assert not is_ready({**ready, name: value}, PAGE)
        assert not is_ready({**ready, name: value}, HYPERFRAMES)
    unready: tuple[tuple[str, object], ...] = (("runtime", False), ("duration", 0))
    for name, value in unready:
        assert not is_ready({**ready, name: value}, HYPERFRAMES)


def test_a_picture_is_asked_for_by_number_and_file() -> None:
    """Anything else of ours is no picture."""
    assert picture_wanted("picture/12/a/b.mp4") == (12, "a/b.mp4")
    assert picture_wanted("picture/x/a.mp4") is None
    assert picture_wanted("hyperframes.js") is None


def test_a_moving_picture_is_asked_for_by_file() -> None:
    """By a name that may have folders."""
    assert moving_wanted("moving/a/b.gif") == "a/b.gif"
    assert moving_wanted("picture/1/b.gif") is None


def test_what_markup_closes_comes_open() -> None:
    """Shadow trees only; the rest of the page stays as it is."""
    html = (
        b'<template class=a ShadowRootMode="closed"><b shadowrootmode=closed></template><template shadowrootmode=open>'
    )
    assert open_trees(html) == html.replace(b'"closed"', b'"open"')


def test_a_worker_begins_with_our_scripts() -> None:
    """A script of the project is served behind ours when its URL says that it is a worker's, and only then."""
    url = "http://project.localhost/a/worker.js"
    assert begin_worker(url) == begin_worker(f"{url}?x=1") == b""
    script = b'"http://project.localhost/__sluice/worker/33.5.js"'
    assert begin_worker(f"{url}?__sluice_worker=classic-33.5") == b"importScripts(" + script + b");"
    assert begin_worker(f"{url}?x=1&__sluice_worker=module-33.5") == b"import " + script + b";"
    assert worker_wanted("worker/33.5.js") == 33.5
    assert worker_wanted("worker/x.js") is worker_wanted("worker/1.js/../x") is None
    assert '"start": 33.5' in worker_scripts(33.5)


def test_media_that_the_source_names_is_known_before_the_page() -> None:
    """Files of the project, each once and from where the page lies; no other hosts, and never more than a few."""
    html = b"""<video id=a
      src="../media/sea.mp4" muted></video><audio src='song.mp3'></audio><source src="../media/sea.mp4">
      <video src="https://elsewhere.test/a.mp4"></video><img src="b.png"><video data-src="c.mp4"></video>"""
    site = ORIGIN
    assert media_urls(html, "pages/index.html") == (f"{site}/media/sea.mp4", f"{site}/pages/song.mp3")
    many = b"".join(b'<video src="%d.mp4">' % number for number in range(100))
    assert len(media_urls(many, "index.html")) == 8
