"""A stored object as a file."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.aws.ranges import READ_AHEAD_MAX_BYTES, READ_AHEAD_MIN_BYTES, RangeReader

DATA = bytes(range(256)) * 8192


def _reader(data: bytes = DATA) -> RangeReader:
    return RangeReader(lambda start, end: data[start:end], len(data))


@given(st.lists(st.tuples(st.integers(0, len(DATA) + 10), st.integers(0, 3000)), max_size=20))
def test_reads_like_a_file(steps: list[tuple[int, int]]) -> None:
    """Whatever is sought and read, it gives what a file of the same bytes gives."""
    reader, file = _reader(), io.BytesIO(DATA)
    for position, length in steps:
        assert reader.seek(position) == file.seek(position)
        wanted = file.read(length)
        got = b""
        while len(got) < len(wanted):
            got += reader.read(length - len(got))
        assert got == wanted
        assert reader.tell() == position + len(wanted)


def test_reading_on_asks_for_more_at_a_time() -> None:
    """The read-ahead doubles in sequence and never exceeds its limit."""
    data = bytes(40 * 1024 * 1024)
    reader = _reader(data)
    while reader.read(65536):
        pass
    assert reader.bytes_fetched == len(data)
    assert reader.requests <= 5 + len(data) // READ_AHEAD_MAX_BYTES + 1


def test_a_hop_costs_the_least() -> None:
    """After a seek out of the window only the small read-ahead is fetched."""
    reader = _reader()
    reader.read(10)
    reader.seek(1_500_000)
    reader.read(10)
    assert (reader.requests, reader.bytes_fetched) == (2, 2 * READ_AHEAD_MIN_BYTES)


def test_the_end_is_the_end() -> None:
    """Reading at and past the end gives nothing and asks for nothing."""
    reader = _reader()
    reader.seek(0, io.SEEK_END)
    assert reader.read(1) == b""
    assert reader.requests == 0
