"""The binary form of the DevTools protocol (crdtp): CBOR (RFC 8949), less what Chromium neither writes nor reads.

Maps and lists travel in envelopes (tag 24, a byte string of 32-bit length). Binary fields are tag 22 and arrive as
bytes, which spares base64 for every frame. Strings that are not ASCII are byte strings of UTF-16, little endian.

Not cbor2's work: to it an envelope is a byte string like any other, so every map and list would have to be wrapped and
unwrapped by code of ours all the same, and every string be told from bytes. Each level copies the picture then: reading
a frame of 400 kB took 0.28 ms at best instead of 0.015 (cbor2 6.2.1), other answers about the same. It also is a
megabyte of machine code in a function that has little room left.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

ENVELOPE_HEADER_BYTES = 7
_ENVELOPE = b"\xd8\x18\x5a"
_BINARY = b"\xd6"
_STOP = object()
_LARGE_BYTES = 1 << 16
_INT32 = range(-(2**31), 2**31)


def encode(value: Any) -> Iterator[bytes]:
    """In pieces that follow one another: large bytes are one of their own, so that a picture is not copied.

    Raises:
        TypeError: For what the protocol has no form for.
    """
    for large, parts in groupby(_parts(value), lambda part: len(part) >= _LARGE_BYTES):
        if large:
            yield from parts
        else:
            yield b"".join(parts)


def _parts(value: Any) -> tuple[bytes, ...]:
    match value:
        case None:
            return (b"\xf6",)
        case bool():
            return (b"\xf5" if value else b"\xf4",)
        case int() if value in _INT32:
            return (_head(0, value) if value >= 0 else _head(1, -1 - value),)
        case int() | float():
            return (b"\xfb" + struct.pack(">d", value),)
        case str():
            return (_text(value),)
        case bytes():
            return (_BINARY + _head(2, len(value)), value)
        case Mapping():
            return _envelope(0xBF, [part for key, member in value.items() for part in (_text(key), *_parts(member))])
        case Sequence():
            return _envelope(0x9F, [part for member in value for part in _parts(member)])
    raise TypeError(f"no protocol form for {type(value).__name__}")


def message_bytes(header: bytes | bytearray) -> int:
    """Length of the whole message that begins with these ENVELOPE_HEADER_BYTES bytes.

    Raises:
        ValueError: If no envelope begins there.
    """
    if bytes(header[:3]) != _ENVELOPE:
        raise ValueError("not the start of a message")
    (length,) = struct.unpack_from(">I", header, 3)
    return int(length) + ENVELOPE_HEADER_BYTES


def decode(message: bytes) -> Any:
    """Raises ValueError if the bytes are not CBOR of this kind."""
    try:
        return _value(memoryview(message), 0)[0]
    except (IndexError, struct.error, UnicodeDecodeError) as error:
        raise ValueError("the message is cut short or malformed") from error


def _text(text: str) -> bytes:
    if text.isascii():
        return _head(3, len(text)) + text.encode()
    # A page may hold half of a surrogate pair in a string.
    wide = text.encode("utf-16-le", "surrogatepass")
    return _head(2, len(wide)) + wide


def _envelope(opening: int, members: Sequence[bytes]) -> tuple[bytes, ...]:
    length = sum(map(len, members)) + 2
    return (_ENVELOPE + struct.pack(">I", length) + bytes((opening,)), *members, b"\xff")


def _head(major: int, length: int) -> bytes:
    kind = major << 5
    if length < 24:
        return bytes((kind | length,))
    for extra, code, limit in ((24, ">BB", 1 << 8), (25, ">BH", 1 << 16), (26, ">BI", 1 << 32)):
        if length < limit:
            return struct.pack(code, kind | extra, length)
    return struct.pack(">BQ", kind | 27, length)


def _length(data: memoryview, at: int, extra: int) -> tuple[int, int]:
    if extra < 24:
        return extra, at
    if extra > 27:
        return -1, at
    code, size = ((">B", 1), (">H", 2), (">I", 4), (">Q", 8))[extra - 24]
    return int(struct.unpack_from(code, data, at)[0]), at + size


def _value(data: memoryview, at: int) -> tuple[Any, int]:
    first = data[at]
    major, extra = first >> 5, first & 31
    if first == 0xFF:
        return _STOP, at + 1
    if major == 7:
        return _simple(data, at)
    length, at = _length(data, at + 1, extra)
    if length < 0 and major < 4:
        raise ValueError(f"no length at {first:#x}")
    match major:
        case 0:
            return length, at
        case 1:
            return -1 - length, at
        case 2:
            return str(_bytes(data, at, length), "utf-16-le", "surrogatepass"), at + length
        case 3:
            return str(_bytes(data, at, length), "utf-8"), at + length
        case 4:
            return _list(data, at, length)
        case 5:
            return _map(data, at, length)
    return _tagged(data, at, length)


def _simple(data: memoryview, at: int) -> tuple[Any, int]:
    match data[at] & 31:
        case 20:
            return False, at + 1
        case 21:
            return True, at + 1
        case 22 | 23:
            return None, at + 1
        case 27:
            return struct.unpack_from(">d", data, at + 1)[0], at + 9
    raise ValueError(f"unknown simple value {data[at]:#x}")


def _tagged(data: memoryview, at: int, tag: int) -> tuple[Any, int]:
    if tag == 24:
        return _value(data, at + 5)
    if tag == 22:
        length, at = _length(data, at + 1, data[at] & 31)
        return bytes(_bytes(data, at, length)), at + length
    return _value(data, at)


def _bytes(data: memoryview, at: int, length: int) -> memoryview:
    if not 0 <= length <= len(data) - at:
        raise ValueError("the message is cut short")
    return data[at : at + length]


def _list(data: memoryview, at: int, length: int) -> tuple[list[Any], int]:
    members: list[Any] = []
    while len(members) != length:
        member, at = _value(data, at)
        if member is _STOP:
            break
        members.append(member)
    return members, at


def _map(data: memoryview, at: int, length: int) -> tuple[dict[str, Any], int]:
    members: dict[str, Any] = {}
    while len(members) != length:
        key, at = _value(data, at)
        if key is _STOP:
            break
        members[key], at = _value(data, at)
    return members, at
