"""PNG to pixels."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.composition.pictures import png
from chalicelib.composition.rgba import raw_rgba


@given(st.integers(1, 9), st.integers(1, 9), st.randoms(use_true_random=False))
def test_pixels_survive_a_round_trip(width: int, height: int, random: object) -> None:
    """What one module writes, the other reads."""
    pixels = random.randbytes(width * height * 4)  # type: ignore[attr-defined]
    assert raw_rgba(png(pixels, width, height)) == pixels


def _filtered(rows: list[bytes], channels: int) -> bytes:
    header = struct.pack(">IIBBBBB", (len(rows[0]) - 1) // channels, len(rows), 8, {3: 2, 4: 6}[channels], 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


def test_every_filter_is_undone() -> None:
    """None, Sub, Up, Average and Paeth, each worked out by hand, with sums that wrap."""
    rows = [
        bytes((0, 250, 10, 20, 30, 40, 50)),
        bytes((1, 1, 2, 3, 10, 10, 10)),
        bytes((2, 255, 1, 1, 1, 1, 250)),
        bytes((3, 5, 5, 5, 5, 5, 5)),
        bytes((4, 1, 1, 1, 1, 1, 1)),
    ]
    opaque = raw_rgba(_filtered(rows, 3))
    assert [tuple(opaque[at : at + 4]) for at in range(0, len(opaque), 4)] == [
        (250, 10, 20, 255), (30, 40, 50, 255),
        (1, 2, 3, 255), (11, 12, 13, 255),
        (0, 3, 4, 255), (12, 13, 7, 255),
        (5, 6, 7, 255), (13, 14, 12, 255),
        (6, 7, 8, 255), (14, 15, 13, 255),
    ]  # fmt: skip


@pytest.mark.parametrize("data", [b"", b"GIF89a", png(b"\0\0\0\0", 1, 1)[:8]])
def test_something_else_is_refused(data: bytes) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match="PNG"):
        raw_rgba(data)
