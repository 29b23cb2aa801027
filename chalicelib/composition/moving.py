"""Which pictures move by themselves: GIF, APNG, WebP and AVIF of several frames, SVG with animations of its own.

This only saves work: the page looks again into what it gets (scripts/moving.js), so too much is slower, and too little
stands still.
"""

from __future__ import annotations

import re

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_ANIMATED = re.compile(rb"....acTL", re.S)
_PNG_PIXELS = b"IDAT"
_WEBP_ANIMATION = 0x02
_AVIF_SEQUENCE = b"avis"
_BRANDS_END = 64
# What precedes a frame and says how long it stays.
_GIF_FRAME = re.compile(rb"\x21\xf9\x04....\x00[\x2c\x21]", re.S)
_SVG = re.compile(rb"<svg[\s>]", re.I)
_SVG_MOVES = re.compile(rb"<(?:\w+:)?(?:animate|set)|@keyframes", re.I)
_SVG_HEAD = 4096


def moves(data: bytes) -> bool:
    """Whether a file is, or may be, such a picture."""
    if data[:4] == b"GIF8":
        return len(_GIF_FRAME.findall(data)) > 1
    if data[:8] == _PNG:
        return bool(_PNG_ANIMATED.search(data[: data.find(_PNG_PIXELS)]))
    if data[:4] == b"RIFF" and data[8:16] == b"WEBPVP8X":
        return bool(data[20] & _WEBP_ANIMATION) if len(data) > 20 else False
    if data[4:8] == b"ftyp":
        return _AVIF_SEQUENCE in data[:_BRANDS_END]
    return bool(_SVG.search(data[:_SVG_HEAD]) and _SVG_MOVES.search(data))
