"""What a previewed project's files become on their way to the browser. Pure.

The page gets the same scripts as when it is rendered, and one of ours before them that answers to the player. What it
would load from a CDN is answered from the browser layer, as a render would; everything else that is not of the project
is refused by its content security policy, as a render refuses it.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files

from chalicelib.composition.capture import CaptureOptions
from chalicelib.composition.page import HYPERFRAMES, first_scripts, inject, put_first, script_tag, state_expression
from chalicelib.composition.serving import OWN_PREFIX, Source, answer

FIRST_FILE = "first.js"
VENDOR = "vendor/"
FACTS = "facts/"

_CDN_URL = re.compile(
    rb"(?:https?:)?//(?:cdn\.jsdelivr\.net|unpkg\.com|cdnjs\.cloudflare\.com)/[^\s\"'`<>()\\]+", re.IGNORECASE
)
_HTML_NAMES = (".html", ".htm")
_TEXT_NAMES = (*_HTML_NAMES, ".js", ".mjs", ".css")

PLAYER_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; frame-src {project}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def project_policy(player_origin: str) -> str:
    """A project may do in its frame what it may do in a render, and load nothing from elsewhere."""
    return (
        "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; base-uri 'self'; form-action 'none'; "
        f"frame-ancestors 'self' {player_origin}"
    )


def is_rewritten(path: str) -> bool:
    return path.lower().endswith(_TEXT_NAMES)


def served(path: str, content: bytes, *, entry: str, runtime: str, fonts: bytes = b"") -> bytes:
    """A file of the project as the browser gets it.

    Args:
        path: Relative to the project.
        runtime: What drives the entry page.
        fonts: Its style sheet of fonts.
    """
    if path == entry and runtime == HYPERFRAMES:
        content = inject(content, fonts)
    content = _CDN_URL.sub(_localised, content)
    return put_first(content, script_tag(FIRST_FILE)) if path.lower().endswith(_HTML_NAMES) else content


def _localised(found: re.Match[bytes]) -> bytes:
    url = found[0].decode(errors="replace")
    decided = answer(url if url.startswith("http") else f"https:{url}")
    return f"{OWN_PREFIX}{VENDOR}{decided.path}".encode() if decided.source is Source.VENDOR else found[0]


def first_script(runtime: str, options: CaptureOptions, player_origin: str) -> str:
    """What runs first in every document of the project: the clock, then what answers to the player."""
    settings = json.dumps({"player": player_origin, "runtime": runtime})
    return "\n".join(
        (
            "(() => {",
            # The page's clock stands still from here on.
            "const real = { later: setTimeout.bind(window), fetch: fetch.bind(window) };",
            first_scripts(runtime, options),
            f"({_bridge().rstrip()})({settings}, real, () => {state_expression()});",
            "})();",
        )
    )


@cache
def _bridge() -> str:
    return (files("sluice.preview") / "bridge.js").read_text(encoding="utf-8")
