"""The stream of pictures, byte by byte."""

from __future__ import annotations

from fractions import Fraction

import pytest

from chalicelib.composition.matroska import PictureStream


def test_the_header_says_what_follows() -> None:
    """An EBML header, a segment without a size, one tick for one frame, and one video track of this size."""
    header = PictureStream("jpeg", 320, 180, Fraction(30)).header()
    assert header.startswith(bytes.fromhex("1a45dfa3"))
    assert bytes.fromhex("18538067") + b"\x01" + b"\xff" * 7 in header
    assert bytes.fromhex("2ad7b1") + b"\x84" + (33_333_333).to_bytes(4, "big") in header
    assert b"V_MJPEG" in header
    assert bytes.fromhex("b0 82 0140 ba 81 b4") in header


def test_bare_pixels_name_their_layout() -> None:
    """A decoder has nothing else to tell RGBA by."""
    assert bytes.fromhex("2eb524 84") + b"RGBA" in PictureStream("rgba", 2, 2, Fraction(1)).header()
    assert bytes.fromhex("2eb524 84") + b"BGRA" in PictureStream("bgra", 2, 2, Fraction(1)).header()


def test_times_are_frame_numbers() -> None:
    """The first picture opens a cluster; later ones count from it, and gaps are left as they are."""
    stream = PictureStream("jpeg", 2, 2, Fraction(24))
    assert stream.picture(0, b"one") == bytes.fromhex("1f43b675 01ffffffffffffff e78100 a387 81 0000 80") + b"one"
    assert stream.picture(7, b"two") == bytes.fromhex("a387 81 0007 80") + b"two"


def test_a_cluster_ends_before_its_times_run_over() -> None:
    """Sixteen bits with a sign reach 32,767; the next picture opens another cluster at its own time."""
    stream = PictureStream("jpeg", 2, 2, Fraction(24))
    stream.picture(0, b"")
    assert stream.picture(32_767, b"") == bytes.fromhex("a384 81 7fff 80")
    assert stream.picture(32_768, b"") == bytes.fromhex("1f43b675 01ffffffffffffff e7828000 a384 81 0000 80")


@pytest.mark.parametrize(
    ("size", "length"), [(100, "e8"), (122, "fe"), (123, "407f"), (16_379, "203fff"), (2_000_000, "3e8484")]
)
def test_lengths_take_as_few_bytes_as_hold_them(size: int, length: str) -> None:
    """RFC 8794: the place of the first one-bit says how many; all ones are kept for unknown. A block's head is 4."""
    stream = PictureStream("jpeg", 2, 2, Fraction(24))
    stream.picture(0, b"")
    assert stream.picture(1, bytes(size)).startswith(bytes.fromhex(f"a3 {length} 81 0001 80"))
