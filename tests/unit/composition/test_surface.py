"""Where the browser's picture is: which places are looked at, and when one of them is believed."""

from __future__ import annotations

from chalicelib.composition.surface import SurfaceSearch, bgra, places

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


def test_a_place_is_proven_by_a_second_picture() -> None:
    """A copy of the first picture holds it for ever, and the one place that follows the screen is left."""
    search = SurfaceSearch()
    search.saw(b"one", [1, 2])
    search.saw(b"one", [1, 2])
    assert search.address is None
    search.saw(b"two", [2])
    assert search.address == 2


def test_two_places_that_follow_prove_nothing() -> None:
    """As long as more than one holds what is shown, none is believed."""
    search = SurfaceSearch()
    for picture in (b"one", b"two", b"three"):
        search.saw(picture, [1, 2])
        assert search.address is None
    search.saw(b"four", [1])
    assert search.address == 1


def test_the_search_is_given_up() -> None:
    """Where no place ever holds what is shown, one stops looking."""
    search = SurfaceSearch()
    for index in range(5):
        assert not search.hopeless
        search.saw(b"%d" % index, [])
    assert search.hopeless
