"""Where in a browser's memory its picture is: how it is looked for while the page is still empty.

Chromium's software compositor draws into one block of memory that it keeps. Its allocator gives a block of that size a
mapping of its own, so there are few places to look at; the pictures that Chromium has handed out lie about there too.
The empty page is given one colour after another: the place that follows is where Chromium draws.
"""

from __future__ import annotations

_SLACK_BYTES = 1 << 16
"""By how much a mapping may be larger than the picture in it."""
_MAX_PLACES = 4
BYTES_PER_PIXEL = 4
COLOURS = ((180, 40, 20), (20, 160, 60), (40, 20, 200))
"""Red, green, blue. One more than it takes, should a frame be lost on the way."""


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


def filled(colour: tuple[int, int, int], size: tuple[int, int]) -> bytes:
    """A picture of nothing but one colour, in the order of bytes in which the compositor keeps pixels."""
    red, green, blue = colour
    return bytes((blue, green, red, 255)) * (size[0] * size[1])
