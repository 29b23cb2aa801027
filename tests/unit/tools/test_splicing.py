"""Bytes handed over to a pipe."""

from __future__ import annotations

import ctypes
import errno
import os
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress

import pytest

from chalicelib.tools import splicing
from chalicelib.tools.splicing import SplicedPipe

# More than a pipe holds, and not whole pages.
_PIECE_BYTES = 300_001
_PIECES = 40


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    for end in (reading, writing):
        with suppress(OSError):  # a test has closed it
            os.close(end)


def _piece(number: int) -> bytes:
    return bytes([number]) * (_PIECE_BYTES if number % 3 else 100)


def _read(reading: int, arrived: list[bytes]) -> None:
    """To the end, and slowly."""
    while data := os.read(reading, 50_000):
        arrived.append(data)
        time.sleep(0.0005)


def _arriving(ends: tuple[int, int], pieces: Iterable[bytes]) -> tuple[bytes, SplicedPipe]:
    """What comes through while the memory of what was given is used again at once, and the pipe."""
    arrived: list[bytes] = []
    thread = threading.Thread(target=_read, args=(ends[0], arrived))
    thread.start()
    pipe = SplicedPipe(ends[1])
    for piece in pieces:
        pipe.write(piece)
    os.close(ends[1])
    thread.join()
    return b"".join(arrived), pipe


def test_all_of_it_arrives_as_it_was(ends: tuple[int, int]) -> None:
    """Although a piece that nobody else holds is gone, and another in its place, as soon as it may be."""
    arrived, _ = _arriving(ends, map(_piece, range(_PIECES)))
    assert arrived == b"".join(map(_piece, range(_PIECES)))


def test_what_is_no_longer_in_the_pipe_is_not_kept(ends: tuple[int, int]) -> None:
    """A usual pipe holds a part of the last one at most."""
    _, pipe = _arriving(ends, (bytes(_PIECE_BYTES) for _ in range(5)))
    assert len(pipe._kept) == 1


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.EPERM, errno.EINTR])
def test_where_the_kernel_does_not_take_it_over_it_is_written(
    ends: tuple[int, int], monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """A sandbox may forbid the call, and a signal may break it off."""

    def refuse(*_given: object) -> int:
        ctypes.set_errno(code)
        return -1

    monkeypatch.setattr(splicing, "VMSPLICE", refuse)
    arrived, _ = _arriving(ends, map(_piece, range(_PIECES)))
    assert arrived == b"".join(map(_piece, range(_PIECES)))


@pytest.mark.parametrize("size", [10, _PIECE_BYTES])
def test_a_reader_that_has_gone_is_told(ends: tuple[int, int], size: int) -> None:
    """As by a pipe that is written to."""
    os.close(ends[0])
    with pytest.raises(BrokenPipeError):
        SplicedPipe(ends[1]).write(bytes(size))
