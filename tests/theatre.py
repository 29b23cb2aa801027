"""Pages that are written on the spot, and shown by the browser of the layer: what its tests share."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

from chalicelib.composition.capture import CaptureOptions, Picture
from chalicelib.composition.rgba import raw_rgba
from chalicelib.tools import Chromium
from chalicelib.tools.stage import Stage

WIDTH, HEIGHT = 160, 90
SIZE = f'data-width="{WIDTH}" data-height="{HEIGHT}"'
BARE = "<!doctype html><style>body{margin:0;background:#000}</style>"


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


def pixel(png: bytes, x: int, y: int, width: int = WIDTH) -> tuple[int, ...]:
    at = (y * width + x) * 4
    return tuple(raw_rgba(png)[at : at + 4])
