"""Which pictures move by themselves."""

from __future__ import annotations

import pytest

from chalicelib.composition.moving import moves
from tests.moving_pictures import apng, gif, webp

_SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg">%s</svg>'


@pytest.mark.parametrize("make", [gif, apng])
def test_several_frames_move_and_one_does_not(make: type) -> None:
    """However many bytes come before, between and after."""
    assert moves(make(3, 2, (1, 2)))
    assert not moves(make(3, 2, (1,)).replace(b"acTL", b"teXt"))


def test_a_webp_says_so_itself() -> None:
    """One without the extended header is a still."""
    data = webp(3, 2, (1, 2))
    assert moves(data)
    assert not moves(data[:12] + b"VP8L" + data[16:])
    assert not moves(data[:20] + b"\0" + data[21:])
    assert not moves(data[:16])


def test_a_sequence_of_avif_moves() -> None:
    """By its brand."""
    assert moves(b"\0\0\0\x20ftypavis\0\0\0\0avifavismsf1")
    assert not moves(b"\0\0\0\x20ftypavif\0\0\0\0avifmif1")


def test_a_drawing_moves_by_elements_or_by_style() -> None:
    """What is no drawing does not, whatever its words."""
    for inner in (b"<animate/>", b"<svg:animateTransform/>", b"<set/>", b"<style>@keyframes a{}</style>"):
        assert moves(_SVG % inner)
        assert not moves(b"<html>" + inner)
    assert not moves(_SVG % b"<rect/>")
