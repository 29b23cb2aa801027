"""Where the browser's picture is: which places are looked at, and when one of them is believed."""

from __future__ import annotations

from itertools import combinations

from chalicelib.composition.surface import COLOURS, bgra, filled, places

_MAPS = """\
3a9400200000-3a9400600000 ---p 00000000 00:00 0
3a9400604000-3a9400dee000 rw-p 00000000 00:00 0
3a9400e04000-3a94015ee000 rw-p 00000000 00:00 0 [anon:partition_alloc]
3a9402204000-3a94029ee000 r--p 00000000 00:00 0
7f3c94394000-7f3c94b7e000 rw-p 00000000 08:01 1234 /memfd:shared (deleted)
7f3c95ff9000-7f3c967f9000 rw-p 00000000 00:00 0
"""


def test_places_are_private_mappings_of_the_picture_s_size() -> None:
    """A mapping that is smaller, much larger, not to be written, or a file's is none."""
    assert places(_MAPS, 1920 * 1080 * 4) == (0x3A9400604000, 0x3A9400E04000)
    assert places(_MAPS, 1280 * 720 * 4) == ()


def test_pixels_in_the_compositor_s_order() -> None:
    """Red and blue change places, green and alpha stay."""
    assert bgra(b"\x01\x02\x03\x04\x05\x06\x07\x08") == b"\x03\x02\x01\x04\x07\x06\x05\x08"


def test_a_picture_of_one_colour() -> None:
    """Opaque, blue first; each colour differs from the others in every byte, so that half a picture is none."""
    assert filled((1, 2, 3), (2, 1)) == b"\x03\x02\x01\xff" * 2
    assert all(a != b for one, other in combinations(COLOURS, 2) for a, b in zip(one, other, strict=True))
