"""Pictures that move by themselves, written by hand: each shows one grey after another, a tenth of a second each."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

DELAY_MS = 100


def gif(width: int, height: int, greys: Sequence[int]) -> bytes:
    """Endless. Each frame has its own colour, and codes as long as they can be, so that nothing is compressed."""
    screen = b"GIF89a" + struct.pack("<HHBBB", width, height, 0, 0, 0)
    endless = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
    # Each pixel is preceded by the code that empties the table: codes stay 3 bits long.
    codes = [code for _ in range(width * height) for code in (4, 0)] + [5]
    bits = sum(code << 3 * place for place, code in enumerate(codes))
    data = bits.to_bytes(-(-3 * len(codes) // 8), "little")
    blocks = b"".join(bytes([len(part)]) + part for part in (data[at : at + 255] for at in range(0, len(data), 255)))
    frames = (
        b"\x21\xf9\x04\x00" + struct.pack("<H", DELAY_MS // 10) + b"\x00\x00"
        b"\x2c"
        + struct.pack("<HHHHB", 0, 0, width, height, 0x80)
        + bytes([grey] * 3 + [0] * 3)
        + b"\x02"
        + blocks
        + b"\0"
        for grey in greys
    )
    return screen + endless + b"".join(frames) + b"\x3b"


def apng(width: int, height: int, greys: Sequence[int]) -> bytes:
    """Endless."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    parts = [
        chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        chunk(b"acTL", struct.pack(">II", len(greys), 0)),
    ]
    number = 0
    for grey in greys:
        control = (number, width, height, 0, 0, DELAY_MS, 1000, 0, 0)
        parts.append(chunk(b"fcTL", struct.pack(">IIIIIHHBB", *control)))
        pixels = zlib.compress((b"\0" + bytes([grey]) * width) * height)
        number += 1
        parts.append(chunk(b"fdAT", struct.pack(">I", number) + pixels) if number > 1 else chunk(b"IDAT", pixels))
        number += number > 1
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


def webp(width: int, height: int, greys: Sequence[int]) -> bytes:
    """Endless, lossless: a frame of one colour is codes of no length, and no pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)

    def triple(value: int) -> bytes:
        return value.to_bytes(3, "little")

    def still(grey: int) -> bytes:
        # Size, no transparency, version 0; no transformation, no cache, no groups; five codes of one symbol.
        fields = [(width - 1, 14), (height - 1, 14), (0, 1), (0, 3), (0, 1), (0, 1), (0, 1)]
        for symbol in (grey, grey, grey, 255):
            fields += [(1, 1), (0, 1), (1, 1), (symbol, 8)]
        fields += [(1, 1), (0, 1), (0, 1), (0, 1)]
        bits = place = 0
        for value, length in fields:
            bits |= value << place
            place += length
        return b"\x2f" + bits.to_bytes(-(-place // 8), "little")

    frames = (
        chunk(
            b"ANMF",
            triple(0) * 2
            + triple(width - 1)
            + triple(height - 1)
            + triple(DELAY_MS)
            + b"\2"
            + chunk(b"VP8L", still(grey)),
        )
        for grey in greys
    )
    head = chunk(b"VP8X", b"\x02\0\0\0" + triple(width - 1) + triple(height - 1)) + chunk(b"ANIM", b"\0" * 6)
    body = b"WEBP" + head + b"".join(frames)
    return b"RIFF" + struct.pack("<I", len(body)) + body
