"""A captured PNG as raw RGBA, because the ffmpeg of the layer is built without zlib and can read no PNG.

Only what Chromium writes: 8 bits, RGB or RGBA, not interlaced (ISO/IEC 15948). When it hurries, every row is filtered
"Up", whose sums are done here for a whole row at once, as one long number: 15 ms for 1920x1080.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {2: 3, 6: 4}
_NONE, _SUB, _UP, _AVERAGE, _PAETH = range(5)


def raw_rgba(png: bytes) -> bytes:
    """The pixels, row by row, four bytes each; alpha is not premultiplied.

    Raises:
        ValueError: If it is not a PNG of the kind above.
    """
    width, channels, packed = _parse(png)
    rows = zlib.decompress(packed)
    stride = width * channels
    pixels = b"".join(_unfiltered(rows, stride, channels))
    return pixels if channels == 4 else _with_alpha(pixels)


def _parse(png: bytes) -> tuple[int, int, bytes]:
    if png[:8] != _SIGNATURE:
        raise ValueError("not a PNG")
    at, header, packed = 8, (0, 0, 0, 0, 0, 0, 0), []
    while at + 12 <= len(png):
        size, kind = struct.unpack_from(">I4s", png, at)
        if kind == b"IHDR":
            header = struct.unpack_from(">IIBBBBB", png, at + 8)
        elif kind == b"IDAT":
            packed.append(png[at + 8 : at + 8 + size])
        at += 12 + size
    width, _, depth, colour, _, _, interlaced = header
    if depth != 8 or colour not in _CHANNELS or interlaced:
        raise ValueError("a PNG of another kind than a browser makes")
    return width, _CHANNELS[colour], b"".join(packed)


def _unfiltered(rows: bytes, stride: int, channels: int) -> Iterator[bytes]:
    high = int.from_bytes(b"\x80" * stride, "little")
    low = high ^ int.from_bytes(b"\xff" * stride, "little")
    above = bytes(stride)
    for start in range(0, len(rows), stride + 1):
        kind, row = rows[start], rows[start + 1 : start + 1 + stride]
        if kind == _UP:
            # Byte by byte without carry: add the lower seven bits, then the highest without one.
            ours, theirs = int.from_bytes(row, "little"), int.from_bytes(above, "little")
            row = (((ours & low) + (theirs & low)) ^ ((ours ^ theirs) & high)).to_bytes(stride, "little")
        elif kind != _NONE:
            row = _slowly(kind, row, above, channels)
        yield row
        above = row


def _slowly(kind: int, row: bytes, above: bytes, channels: int) -> bytes:
    """The filters that look to the left."""
    done = bytearray(row)
    for at in range(len(done)):
        left = done[at - channels] if at >= channels else 0
        corner = above[at - channels] if at >= channels else 0
        if kind == _SUB:
            guess = left
        elif kind == _AVERAGE:
            guess = (left + above[at]) // 2
        else:
            guess = _paeth(left, above[at], corner)
        done[at] = (done[at] + guess) & 0xFF
    return bytes(done)


def _paeth(left: int, above: int, corner: int) -> int:
    estimate = left + above - corner
    return min((left, above, corner), key=lambda value: abs(estimate - value))


def _with_alpha(pixels: bytes) -> bytes:
    whole = bytearray(b"\xff" * (len(pixels) // 3 * 4))
    for channel in range(3):
        whole[channel::4] = pixels[channel::3]
    return bytes(whole)
