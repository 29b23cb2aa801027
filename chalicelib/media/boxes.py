"""Walking the boxes of an ISO base media file (ISO/IEC 14496-12, 4.2) without ever trusting a length, and packing them.

Invariant: a box lies wholly inside its parent, every step of a walk moves forward, and every field is read inside its
box. What breaks that raises EncoderOutputMalformed; nothing is read past an end, and no length is allocated unchecked.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from chalicelib.errors import EncoderOutputMalformed

_COMPACT_HEADER = struct.Struct(">I4s")
_LARGE_SIZE = struct.Struct(">Q")

MAX_TOP_BOX_BYTES = 64 * 1024**2
"""The largest top-level box of a stream: many times the media of a GOP at the highest bitrate of a ladder."""


@dataclass(frozen=True, slots=True)
class Box:
    """Byte positions [start, end) of a box; its fields begin at `body`."""

    kind: bytes
    start: int
    body: int
    end: int


class Fields:
    """The big-endian fields of a box, read in order; skipping or reading past the end is malformed."""

    __slots__ = ("_data", "_end", "_position")

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self._data = data
        self._position = start
        self._end = end

    @property
    def position(self) -> int:
        return self._position

    @property
    def remaining(self) -> int:
        return self._end - self._position

    def skip(self, size: int) -> int:
        """Pass over `size` bytes and return where they began."""
        start = self._position
        if size > self._end - start:
            raise EncoderOutputMalformed("a field reaches past the end of its box", position=start, size_bytes=size)
        self._position = start + size
        return start

    def take(self, size: int) -> bytes:
        start = self.skip(size)
        return self._data[start : start + size]

    def unsigned(self, size: int) -> int:
        """An unsigned integer of `size` bytes."""
        return int.from_bytes(self.take(size), "big")

    def words(self, count: int) -> tuple[int, ...]:
        """`count` unsigned 32-bit integers."""
        start = self.skip(4 * count)
        return struct.unpack_from(f">{count}I", self._data, start)

    def version_and_flags(self) -> tuple[int, int]:
        """The opening of a FullBox (4.2.2)."""
        word = self.unsigned(4)
        return word >> 24, word & 0xFFFFFF


def fields(data: bytes, box: Box) -> Fields:
    return Fields(data, box.body, box.end)


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """Yield the boxes that fill data[start:end], in order."""
    limit = len(data) if end is None else end
    position = start
    while position < limit:
        box = _box_at(data[position : min(position + 16, limit)], position, limit)
        yield box
        position = box.end


def stream_boxes(stream: BinaryIO) -> Iterator[Box]:
    """Yield the top-level boxes of a seekable stream, reading their headers only."""
    limit = stream.seek(0, 2)
    position = 0
    while position < limit:
        stream.seek(position)
        box = _box_at(stream.read(16), position, limit)
        yield box
        position = box.end


def top_boxes(stream: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and bytes of the top-level boxes of a stream as they arrive, header and all; a pipe will do.

    Raises:
        EncoderOutputMalformed: If the stream ends inside a box, or one is too large to be held in memory.
    """
    position = 0
    while header := stream.read(8):
        if header[:4] == b"\0\0\0\1":
            header += stream.read(8)
        box = _box_at(header, position, position + MAX_TOP_BOX_BYTES, open_ended=False)
        rest = box.end - position - len(header)
        body = stream.read(rest)
        if len(body) != rest:
            raise EncoderOutputMalformed("the stream ends inside a box", position=position)
        yield box.kind, header + body
        position = box.end


def find(data: bytes, *path: bytes, inside: Box | None = None) -> Box:
    """The first box at `path`, a descent through plain containers.

    Raises:
        EncoderOutputMalformed: If there is none.
    """
    start, end = (inside.body, inside.end) if inside else (0, len(data))
    found: Box | None = None
    for kind in path:
        found = next((box for box in boxes(data, start, end) if box.kind == kind), None)
        if found is None:
            raise EncoderOutputMalformed(f"no {kind.decode('latin-1')} box", path=b"/".join(path).decode("latin-1"))
        start, end = found.body, found.end
    if found is None:
        raise ValueError("an empty path names no box")
    return found


def pack_box(kind: bytes, *parts: bytes) -> bytes:
    return struct.pack(">I4s", 8 + sum(map(len, parts)), kind) + b"".join(parts)


def pack_full_box(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    """A FullBox (4.2.2)."""
    return pack_box(kind, struct.pack(">I", version << 24 | flags), *parts)


def _box_at(header: bytes, position: int, limit: int, *, open_ended: bool = True) -> Box:
    """Decode a box header. Size 1 means that a 64-bit size follows, size 0 that the box ends with its parent, if that
    has an end."""
    if len(header) < 8:
        raise EncoderOutputMalformed("the file ends inside a box header", position=position)
    size, kind = _COMPACT_HEADER.unpack_from(header)
    header_bytes = 8
    if size == 1:
        if len(header) < 16:
            raise EncoderOutputMalformed("the file ends inside a box header", position=position)
        (size,) = _LARGE_SIZE.unpack_from(header, 8)
        header_bytes = 16
    elif size == 0 and open_ended:
        size = limit - position
    if size < header_bytes or size > limit - position:
        raise EncoderOutputMalformed("a box does not fit in its parent", position=position, size_bytes=size)
    return Box(kind=kind, start=position, body=position + header_bytes, end=position + size)
