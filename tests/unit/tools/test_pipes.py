"""Outputs that are read while they are written: whoever fails, nobody waits for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from chalicelib.errors import ChunkInexact, DeadlineNear, EncoderFailed
from chalicelib.tools.pipes import read_while_running

LARGE = bytes(range(256)) * 4096
Reader = Callable[[BinaryIO], bytes]


def whole(stream: BinaryIO) -> bytes:
    return stream.read()


def writes(folder: Path, **files: bytes) -> Callable[[], None]:
    """A program that writes each file whole, one after the other."""

    def run() -> None:
        for name, data in files.items():
            (folder / name).write_bytes(data)

    return run


def test_each_file_has_its_reader(tmp_path: Path) -> None:
    """More than a pipe holds goes through; the folder is empty afterwards."""
    made = read_while_running(writes(tmp_path, a=LARGE, b=b"b"), tmp_path, {"a": whole, "b": whole})
    assert made == {"a": LARGE, "b": b"b"}
    assert list(tmp_path.iterdir()) == []


def test_it_is_read_before_the_program_ends(tmp_path: Path) -> None:
    """The program below ends only when its first bytes have been read."""
    arrived = threading.Event()

    def reader(stream: BinaryIO) -> bytes:
        first = stream.read(5)
        arrived.set()
        return first + stream.read()

    def run() -> None:
        with (tmp_path / "a").open("wb", buffering=0) as file:
            file.write(b"first")
            assert arrived.wait(10)
            file.write(b", then the rest")

    assert read_while_running(run, tmp_path, {"a": reader}) == {"a": b"first, then the rest"}


def test_what_a_reader_leaves_does_not_block_the_program(tmp_path: Path) -> None:
    """A reader may stop early."""
    made = read_while_running(writes(tmp_path, a=LARGE), tmp_path, {"a": lambda stream: stream.read(1)})
    assert made == {"a": LARGE[:1]}


def test_a_program_that_writes_nothing_leaves_empty_files(tmp_path: Path) -> None:
    """Not even opening them keeps a reader waiting."""
    assert read_while_running(lambda: None, tmp_path, {"a": whole}) == {"a": b""}


@pytest.mark.parametrize("failure", [EncoderFailed("it failed"), DeadlineNear("no time")])
def test_a_program_that_fails_is_the_cause(tmp_path: Path, failure: Exception) -> None:
    """What its readers make of the rest is a consequence."""

    def run() -> None:
        (tmp_path / "a").write_bytes(b"half")
        raise failure

    def reader(stream: BinaryIO) -> bytes:
        raise ChunkInexact("too short", found=len(stream.read()))

    with pytest.raises(type(failure)):
        read_while_running(run, tmp_path, {"a": reader})
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_fails_is_the_cause(tmp_path: Path) -> None:
    """Its pipe breaks, the program fails of that, and the reader's error is raised."""

    def run() -> None:
        try:
            (tmp_path / "a").write_bytes(LARGE)
        except BrokenPipeError as error:
            raise EncoderFailed("broken pipe") from error

    def reader(stream: BinaryIO) -> bytes:
        raise ChunkInexact("wrong from the start", found=len(stream.read(1)))

    with pytest.raises(ChunkInexact):
        read_while_running(run, tmp_path, {"a": reader, "b": whole})


def test_a_reader_may_fail_at_the_end(tmp_path: Path) -> None:
    """The program went well, but what it wrote was not enough."""

    def reader(stream: BinaryIO) -> bytes:
        raise ChunkInexact("too short", found=len(stream.read()))

    with pytest.raises(ChunkInexact):
        read_while_running(writes(tmp_path, a=b"half"), tmp_path, {"a": reader})
