"""Broken media on purpose: real headers with a few bytes changed, as a hostile customer would change them.

Everything follows from the random generator that is given, so a case can be made again from its seed.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

HEADER_BYTES = 6000
_EXTREMES = (0, 1, 7, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)


def _place(chance: random.Random, data: bytearray, width: int = 1) -> int:
    """A place in the first or the last bytes, where containers keep their headers and indexes."""
    span = max(1, min(HEADER_BYTES, len(data) - width))
    place = chance.randrange(span)
    return place if chance.random() < 0.7 else max(0, len(data) - width - place)


def flip_bits(chance: random.Random, data: bytearray, _other: bytes, _path: str) -> None:
    for _ in range(chance.randint(1, 20)):
        data[_place(chance, data)] ^= 1 << chance.randrange(8)


def extreme_number(chance: random.Random, data: bytearray, _other: bytes, _path: str) -> None:
    """A length, a count or a time at one of the ends of its range."""
    for _ in range(chance.randint(1, 3)):
        place = _place(chance, data, 8)
        data[place : place + 4] = struct.pack(chance.choice((">I", "<I")), chance.choice(_EXTREMES))


def extreme_size_of_a_box(chance: random.Random, data: bytearray, _other: bytes, _path: str) -> None:
    """The number in front of a name that looks like a box's or a chunk's."""
    names = [place for place in range(4, min(len(data) - 8, HEADER_BYTES)) if data[place : place + 4].isalpha()]
    if names:
        place = chance.choice(names)
        before = chance.random() < 0.5
        at = place - 4 if before else place + 4
        data[at : at + 4] = struct.pack(">I" if before else "<I", chance.choice(_EXTREMES))


def cut_short(chance: random.Random, data: bytearray, _other: bytes, _path: str) -> None:
    del data[chance.randrange(1, len(data)) :]


def repeat(chance: random.Random, data: bytearray, _other: bytes, _path: str) -> None:
    start = _place(chance, data)
    part = data[start : start + chance.randint(1, 2000)]
    data[start:start] = part * chance.randint(1, 8)


def remove(chance: random.Random, data: bytearray, _other: bytes, _path: str) -> None:
    start = _place(chance, data)
    del data[start : start + chance.randint(1, 500)]


def graft(chance: random.Random, data: bytearray, other: bytes, _path: str) -> None:
    """A part of another container."""
    start, source = _place(chance, data), chance.randrange(len(other))
    part = other[source : source + chance.randint(8, 2000)]
    data[start : start + len(part)] = part


def name_a_file(chance: random.Random, data: bytearray, _other: bytes, path: str) -> None:
    """Words that some reader follows to another file, in a place where it may look."""
    words = chance.choice(
        ("{}", "file:{}", "url \0\0\0\0file://{}\0", "#EXTM3U\n{}\n", "ffconcat version 1.0\nfile {}\n")
    )
    start = 0 if chance.random() < 0.2 else _place(chance, data)
    text = words.format(path).encode()
    data[start : start + len(text)] = text


_WAYS: tuple[Callable[[random.Random, bytearray, bytes, str], None], ...] = (
    flip_bits,
    extreme_number,
    extreme_size_of_a_box,
    cut_short,
    repeat,
    remove,
    graft,
    name_a_file,
)


def mutated(media: bytes, other: bytes, *, path: str, seed: str) -> bytes:
    """One to three changes of `media`, which may take bytes from `other` or name the file at `path`."""
    chance = random.Random(seed)  # noqa: S311 - a case must be the same on every machine
    data = bytearray(media)
    for way in chance.choices(_WAYS, k=chance.randint(1, 3)):
        way(chance, data, other, path)
        if not data:
            data = bytearray(b"\0")
    return bytes(data)
