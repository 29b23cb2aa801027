"""Frames as bare pixels (BGRA): read where the compositor has drawn them, or made of a screenshot, which is the same.

Invariants: the pixels do not depend on the way they took. Memory is read only after the place has been proven against
two different screenshots (composition/surface.py), and what was read is held against more of them now and then, and at
the end of each run; where that fails, `misread` says that all that was read since is worth nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from chalicelib.composition.rgba import raw_rgba
from chalicelib.composition.surface import BYTES_PER_PIXEL, SurfaceSearch, bgra, places
from chalicelib.tools.page import Page
from chalicelib.tools.process_memory import find_child, memory_map, read_memory

logger = logging.getLogger(__name__)

_COMPOSITOR = "gpu-process"


class PixelCapture:
    """Takes the frames of one page, one after the other.

    Attributes:
        read: How many frames came out of memory.
        misread: Whether some of them were not what the page showed.
    """

    def __init__(
        self,
        page: Page,
        screenshot: Callable[[], bytes],
        size: tuple[int, int],
        group: int,
        *,
        from_memory: bool,
    ) -> None:
        """
        Args:
            screenshot: Gives the page as PNG.
            size: Of the picture, in pixels.
            group: The browser's process group.
            from_memory: Whether memory may be read at all.
        """
        self._page, self._screenshot = page, screenshot
        self._bytes = size[0] * size[1] * BYTES_PER_PIXEL
        self._search = SurfaceSearch()
        self._pid = find_child(group, _COMPOSITOR) if from_memory else None
        self._last: bytes | None = None
        self._buffer = bytearray(self._bytes)
        self.read = 0
        self.misread = False

    @property
    def proven(self) -> bool:
        """Whether frames come out of memory, and have so far been what the page showed."""
        return self._search.address is not None and not self.misread

    def take(self) -> tuple[bytes, bool]:
        """The picture, and whether it repeats the one before."""
        damaged = self._page.begin_frame()["hasDamage"]
        if self._last is not None and not damaged:
            return self._last, True
        before = self._last
        picture = self._from_memory() or self._from_screenshot()
        self._last = picture
        return picture, picture == before

    def check(self) -> None:
        """Hold the last frame against a screenshot, if memory has been read."""
        if self.read and self.proven and self._shot() != self._last:
            self._distrust()

    def _distrust(self) -> None:
        logger.warning("the browser's picture is not where it was", extra={"read": self.read})
        self.misread = True

    def _from_memory(self) -> bytes | None:
        if self._search.address is None or self._pid is None or self.misread:
            return None
        if not read_memory(self._pid, self._search.address, self._buffer):
            self._distrust()
            return None
        self.read += 1
        return bytes(self._buffer)

    def _from_screenshot(self) -> bytes:
        held = self._held()
        picture = self._shot()
        self._search.saw(picture, [address for address, pixels in held.items() if pixels == picture])
        if picture == self._last:
            # A screenshot damages the next frame, so that one tells nothing (composition/stills.py).
            self._page.advance()
            self._page.begin_frame()
        return picture

    def _shot(self) -> bytes:
        self._page.advance()
        return bgra(raw_rgba(self._screenshot()))

    def _held(self) -> dict[int, bytearray]:
        """What the places hold where the picture may be."""
        held: dict[int, bytearray] = {}
        if self._pid is None or self._search.hopeless or self.misread:
            return held
        try:
            maps = memory_map(self._pid)
        except OSError:
            return held
        for address in places(maps, self._bytes):
            target = bytearray(self._bytes)
            if read_memory(self._pid, address, target):
                held[address] = target
        return held
