"""What is put into a page and asked of it: scripts, expressions, and the sense of its answers.

A project that carries a `data-composition-id` was made for HyperFrames, and its published runtime drives it; every
other page runs on our own virtual time. Both answer the same expressions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Any
from urllib.parse import urljoin

from chalicelib.composition.capture import CaptureOptions
from chalicelib.composition.serving import ORIGIN, OWN_PREFIX
from chalicelib.errors import CompositionUnplayable

HYPERFRAMES = "hyperframes"
PAGE = "page"
RUNTIME_FILE = "hyperframes.js"
PICTURES = "picture/"
MOVING = "moving/"

_EPOCH_MS = 1_704_067_200_000  # 2024-01-01T00:00:00Z
_SEED = 1
_MARK = "__sluice_worker"
_WORKERS = {"scripts": f"{ORIGIN}{OWN_PREFIX}worker/", "mark": _MARK, "connect": f"{_MARK}_connect"}
_WORKER_SCRIPT = re.compile(r"worker/(\d+(?:\.\d+)?)\.js")
_WORKER_MARK = re.compile(rf"[?&]{_MARK}=(classic|module)-(\d+(?:\.\d+)?)")
_COMPOSITION = re.compile(rb"<[a-zA-Z][^>]*\sdata-composition-id\s*=")
_OWN_RUNTIME = re.compile(rb"<script[^>]*\bsrc=[\"'][^\"']*hyperframe\.runtime[^\"']*[\"'][^>]*>\s*</script>", re.I)
# HyperFrames' own renderer and full Chrome set text so: glyphs and lines lie where the type says, between pixels.
# Without it the headless shell sets text about 1 % narrower, and lines are a pixel off.
_TEXT = b"<style>html,body,*{text-rendering:geometricPrecision}</style>"
# Where the published runtime loads the compositions that a document names, and then those it holds as templates.
_LOADER = re.compile(rb"(\w+)\((\w+)\)\.then\(\(\)=>(\w+)\(\2\)\)\.finally\(")
# Only names without a scheme: files of the project.
_MEDIA = re.compile(rb"<(?:video|audio|source)(?=\s)[^>]{0,500}?\ssrc\s*=\s*[\"']([^\"'<>:\[]{1,500})[\"']", re.I)
_MAX_MEDIA = 8
# Where it counts how many compositions have one name, and where it numbers them.
_INSTANCES = re.compile(
    rb"(for\(let (\w+) of \w+\)\{let\{authoredCompositionId:(\w+),runtimeCompositionId:\w+\}=.{1,200}?"
    rb"=\(\w+\.get\(\3\)\|\|0\)>1)(.{1,80}?\?)(\(\w+\.get\(\3\)\|\|0\)\+1)"
)
_CLOSED = re.compile(rb"(<template[^>]*\sshadowrootmode\s*=\s*[\"']?)closed", re.I)
_HEAD = re.compile(rb"<head(\s[^>]*)?>", re.I)
_HTML = re.compile(rb"<html(\s[^>]*)?>|<!doctype[^>]*>", re.I)


def runtime_of(html: bytes) -> str:
    """Which of the two drives a page."""
    return HYPERFRAMES if _COMPOSITION.search(html) else PAGE


@cache
def _script(name: str) -> str:
    return (files("chalicelib.composition.scripts") / name).read_text(encoding="utf-8")


def _call(name: str, config: Mapping[str, Any] | None = None) -> str:
    given = "" if config is None else json.dumps(dict(config))
    return f"({_script(name).rstrip()})({given});"


def inject(html: bytes, fonts: bytes) -> bytes:
    """The entry page of a composition with the published runtime as its first script, whatever it carried itself, and
    text set as HyperFrames sets it, in its fonts (`fonts.font_sheet`)."""
    return put_first(_OWN_RUNTIME.sub(b"", html), _TEXT + fonts + script_tag(RUNTIME_FILE))


def nest(runtime: bytes) -> bytes:
    """The published runtime, loading also the compositions that a loaded one names (scripts/nested.js).

    It loads one level by itself, because HyperFrames' own renderer has joined the files before it loads them.

    Raises:
        CompositionUnplayable: If this version of it does not load as expected.
    """
    nested = f"({_script('nested.js').rstrip()})".encode()
    changed, count = _LOADER.subn(
        lambda found: b"%b(()=>%b(%b),()=>%b(%b)).finally(" % (nested, found[1], found[2], found[3], found[2]), runtime
    )
    changed, counted = _INSTANCES.subn(
        rb"\1||__sluice.instances.repeated(\2,\3)\4__sluice.instances.number(\2,\3,\5)", changed
    )
    if count != 1 or counted != 1:
        raise CompositionUnplayable("the layer's runtime is not the one that the engine was made for; run: make layers")
    return changed


def media_urls(html: bytes, entry: str) -> tuple[str, ...]:
    """Those of the sound and video elements that a page's source has; what else it plays shows when it runs."""
    names = (found[1].decode(errors="replace") for found in islice(_MEDIA.finditer(html), _MAX_MEDIA))
    return tuple(dict.fromkeys(urljoin(f"{ORIGIN}/{entry}", name) for name in names))


def open_trees(html: bytes) -> bytes:
    """A page whose shadow trees are all open, or nothing could hold what moves in those that its markup closes."""
    return _CLOSED.sub(rb"\1open", html)


def script_tag(name: str) -> bytes:
    """Loads a file of ours."""
    return f'<script src="{OWN_PREFIX}{name}"></script>'.encode()


def put_first(html: bytes, markup: bytes) -> bytes:
    """A page with something at the start of its head."""
    place = _HEAD.search(html) or _HTML.search(html)
    at = place.end() if place else 0
    return html[:at] + markup + html[at:]


def first_scripts(runtime: str, options: CaptureOptions) -> str:
    """What runs in every frame of the page before any script of its own."""
    ours = runtime == PAGE
    clock = {"timers": ours, "epochMs": _EPOCH_MS, "seed": _SEED}
    media = {"runtime": not ours, "pictures": f"{OWN_PREFIX}{PICTURES}"}
    scripts = [
        _call("virtual_time.js", clock),
        _call("clocks.js"),
        _call("requests.js"),
        _call("animations.js", {"all": ours}),
        _call("scrolling.js"),
        _call("widgets.js"),
        _call("workers.js", _WORKERS),
        _call("media.js", media),
        _call("drawings.js"),
        _call("films.js"),
        _call("moving.js", {"moving": f"{OWN_PREFIX}{MOVING}"}),
        _call("listen.js", _WORKERS),
    ]
    scripts.append(f"window.__hfVariables = {json.dumps(dict(options.variables))};")
    if runtime == HYPERFRAMES:
        seek = {
            "mode": "preview-phase",
            "diagnostics": False,
            "step": 1 / 120,
            "offsetFraction": 0.5,
            "fps": float(options.frame_rate),
            "fpsSource": "render-options",
            "owner": "runtime",
        }
        scripts.append(
            f"window.__hf = window.__hf || {{}}; window.__HF_EXPORT_RENDER_SEEK_CONFIG = {json.dumps(seek)};"
        )
        scripts.append("window.__HF_RENDER_CAPTURE_MODE = true;")
    return "\n".join(scripts)


def worker_scripts(start_ms: float) -> str:
    """What runs in a worker that is made at a time of the page, before any script of its own."""
    clock = {"timers": True, "epochMs": _EPOCH_MS, "seed": _SEED, "start": start_ms}
    calls = (_call("virtual_time.js", clock), _call("clocks.js"), _call("requests.js"))
    return "\n".join((*calls, _call("workers.js", _WORKERS), _call("listen.js", _WORKERS)))


def worker_wanted(path: str) -> float | None:
    """The start of the worker whose first script one of our own paths asks for."""
    found = _WORKER_SCRIPT.fullmatch(path)
    return float(found[1]) if found else None


def begin_worker(url: str) -> bytes:
    """What goes before a script of the project that is a worker's; nothing before any other."""
    found = _WORKER_MARK.search(url)
    if found is None:
        return b""
    script = json.dumps(f"{_WORKERS['scripts']}{found[2]}.js")
    return (f"import {script};" if found[1] == "module" else f"importScripts({script});").encode()


def state_expression() -> str:
    """Evaluates to what `read_facts` reads."""
    return f"({_script('state.js').rstrip()})()"


def seek_expression(index: int, frame_rate: Fraction) -> str:
    """Shows frame `index`; evaluates to a promise."""
    return f"__sluice.seek({milliseconds(index, frame_rate)!r})"


def know_expression(url: str, facts: Mapping[str, Any] | None) -> str:
    """Tells the page about a file of sound or pictures; None: that there is none to be had."""
    return f"__sluice.media.know({json.dumps(url)}, {json.dumps(facts)})"


def picture_wanted(path: str) -> tuple[int, str] | None:
    """Which picture of which file one of our own paths asks for."""
    if not path.startswith(PICTURES):
        return None
    index, _, file = path[len(PICTURES) :].partition("/")
    return (int(index), file) if index.isdecimal() else None


def moving_wanted(path: str) -> str | None:
    """Which file one of our own paths asks for, if it is a picture that moves by itself."""
    return path[len(MOVING) :] if path.startswith(MOVING) else None


def milliseconds(index: int, frame_rate: Fraction) -> float:
    """Time of a frame."""
    return index * 1000 * frame_rate.denominator / frame_rate.numerator


def is_ready(state: Mapping[str, Any], runtime: str) -> bool:
    """Whether a page can be captured."""
    if runtime == HYPERFRAMES:
        return bool(state["loaded"] and state["runtime"] and state["duration"] > 0 and not state["unknown"])
    return bool(state["loaded"] and not state["unknown"])
