"""Native code in a child: what it does there cannot hurt the process that asked."""

from __future__ import annotations

import io
import os
import signal
import time

import pytest

from chalicelib.errors import UnsupportedMedia
from chalicelib.tools.confined import run_confined

DATA = bytes(range(256)) * 1000


def run(work: object, seconds: float = 20) -> str:
    return run_confined(work, io.BytesIO(DATA), len(DATA), seconds=seconds)  # type: ignore[arg-type]


def test_the_child_reads_the_file_by_ranges() -> None:
    """It is sought, and read to its end, as a file of its own would be."""

    def work(file: io.RawIOBase) -> str:
        file.seek(-3, io.SEEK_END)
        end = file.read(10)
        file.seek(5)
        return f"{end!r} {file.tell()} {file.read(2)!r} {file.seek(0, io.SEEK_END)} {file.read(1)!r}"

    assert run(work) == f"{DATA[-3:]!r} 5 {DATA[5:7]!r} {len(DATA)} b''"


def test_a_child_that_never_answers_is_ended() -> None:
    """The file is refused when the time is over, also while the child goes on reading."""

    def work(file: io.RawIOBase) -> str:
        while True:
            file.seek(0)
            file.read(1)

    started = time.monotonic()
    with pytest.raises(UnsupportedMedia, match="in time"):
        run(work, seconds=0.3)
    assert time.monotonic() - started < 10


def test_a_child_that_crashes_is_no_crash_of_ours() -> None:
    """A fault in native code is a property of the file."""

    def work(_file: io.RawIOBase) -> str:
        os.kill(os.getpid(), signal.SIGKILL)
        return ""

    with pytest.raises(UnsupportedMedia, match="ended the program"):
        run(work)


def test_a_child_has_so_much_memory_and_no_more() -> None:
    """What a file asks for beyond it is not given."""

    def work(_file: io.RawIOBase) -> str:
        try:
            return str(len(bytearray(2 * 1024**3)))
        except MemoryError:
            return "refused"

    assert run(work) == "refused"
