"""Where in a browser's memory its picture is: decided by what is found there, before and after the picture changes.

Chromium's software compositor draws into one block of memory that it keeps. Its allocator gives a block of that size a
mapping of its own, so there are few places to look at; the pictures that Chromium has handed out lie about there too.
The one place that held, twice and before it was asked for, what a screenshot then showed, is where it draws.
"""

from __future__ import annotations

from collections.abc import Collection

_SLACK_BYTES = 1 << 16
"""By how much a mapping may be larger than the picture in it."""
_MAX_PLACES = 4
_MAX_STARTS = 4
BYTES_PER_PIXEL = 4


def places(maps: str, picture_bytes: int) -> tuple[int, ...]:
    """Addresses of the mappings that may hold a picture of so many bytes.

    Args:
        maps: What /proc/<pid>/maps says.
    """
    found = []
    for line in maps.splitlines():
        words = line.split()
        start, _, end = words[0].partition("-")
        address = int(start, 16)
        named = len(words) > 5 and words[5].startswith("/")
        if words[1].startswith("rw") and not named and 0 <= int(end, 16) - address - picture_bytes < _SLACK_BYTES:
            found.append(address)
    return tuple(found[:_MAX_PLACES])


def bgra(rgba: bytes) -> bytes:
    """The same pixels in the order in which the compositor keeps them."""
    swapped = bytearray(rgba)
    swapped[0::4], swapped[2::4] = rgba[2::4], rgba[0::4]
    return bytes(swapped)


class SurfaceSearch:
    """Follows what screenshots show, and says where the picture is as soon as that is proven.

    Attributes:
        address: The place; None until it is proven.
    """

    def __init__(self) -> None:
        self.address: int | None = None
        self._left: frozenset[int] = frozenset()
        self._first = b""
        self._starts = 0

    @property
    def hopeless(self) -> bool:
        """Whether one has begun anew so often that there is no such place."""
        return self._starts > _MAX_STARTS

    def saw(self, picture: bytes, matching: Collection[int]) -> None:
        """Take in a screenshot, and the places that held the very same before it was made."""
        left = self._left.intersection(matching)
        if not left:
            self._starts += 1
            self._left, self._first = frozenset(matching), picture
        elif picture != self._first:
            self._left = left
            if len(left) == 1:
                (self.address,) = left
