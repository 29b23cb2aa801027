"""Frames as bare pixels (BGRA): read where the compositor has drawn them, or made of a screenshot, which is the same.

Invariants: the pixels do not depend on the way they took. Memory is read only where colours have been found that the
empty page was given (composition/surface.py), as long as the picture keeps its size; what was read is held against
screenshots now and then, and at the end of each run; where that fails, `misread` says that all that was read since is
worth nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from chalicelib.composition.rgba import raw_rgba
from chalicelib.composition.surface import BYTES_PER_PIXEL, COLOURS, bgra, filled, places
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

    def __init__(self, page: Page, screenshot: Callable[[], bytes], group: int, *, from_memory: bool) -> None:
        """
        Args:
            page: Still empty: where its picture is can be found as long as we say what it shows.
            screenshot: Gives the page as PNG.
            group: The browser's process group.
            from_memory: Whether memory may be read at all.
        """
        self._page, self._screenshot = page, screenshot
        self._size = page.size
        self._pid = find_child(group, _COMPOSITOR) if from_memory else None
        self._address = self._find(self._pid) if self._pid else None
        self._last: bytes | None = None
        self._damaged = True
        self.read = 0
        self.misread = False

    def _find(self, pid: int) -> int | None:
        """The one place that has taken on two colours, one after the other."""
        before: frozenset[int] = frozenset()
        address = None
        for colour in COLOURS:
            self._page.fill(colour)
            now = _holding(pid, filled(colour, self._size))
            if len(both := before & now) == 1:
                (address,) = both
                break
            before = now
        self._page.fill(None)
        return address

    @property
    def proven(self) -> bool:
        """Whether frames come out of memory, and have so far been what the page showed."""
        return self._address is not None and self._page.size == self._size and not self.misread

    def draw(self) -> None:
        """Have the frame made. The page may go on after it where frames are `proven` to come out of memory: what is
        drawn stays as it is until the next is."""
        self._damaged = bool(self._page.begin_frame()["hasDamage"])

    def take(self) -> tuple[bytes, bool]:
        """The picture, and whether it repeats the one before."""
        if self._last is not None and not self._damaged:
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
        if self._pid is None or self._address is None or not self.proven:
            return None
        width, height = self._size
        picture = read_memory(self._pid, self._address, width * height * BYTES_PER_PIXEL)
        if picture is None:
            self._distrust()
            return None
        self.read += 1
        return picture

    def _from_screenshot(self) -> bytes:
        picture = self._shot()
        if picture == self._last:
            # A screenshot damages the next frame, so that one tells nothing (composition/stills.py).
            self._page.advance()
            self._page.begin_frame()
        return picture

    def _shot(self) -> bytes:
        self._page.advance()
        return bgra(raw_rgba(self._screenshot()))


def _holding(pid: int, picture: bytes) -> frozenset[int]:
    """The places that hold this very picture; none where the kernel does not let us look."""
    try:
        maps = memory_map(pid)
    except OSError:
        return frozenset()
    return frozenset(place for place in places(maps, len(picture)) if read_memory(pid, place, len(picture)) == picture)
