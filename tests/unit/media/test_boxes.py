"""Walking boxes: bounds hold on any input."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import EncoderOutputMalformed
from chalicelib.media.boxes import MAX_TOP_BOX_BYTES, Fields, boxes, fields, find, stream_boxes, top_boxes


def box(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def large_box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4sQ", 1, kind, 16 + len(body)) + body


def test_sizes_of_all_three_forms() -> None:
    """A size may be 32 bits, 64 bits, or "to the end of the parent"."""
    data = box(b"aaaa", b"12") + large_box(b"bbbb", b"345") + struct.pack(">I4s", 0, b"cccc") + b"6"
    found = list(boxes(data))
    assert [(item.kind, data[item.body : item.end]) for item in found] == [
        (b"aaaa", b"12"),
        (b"bbbb", b"345"),
        (b"cccc", b"6"),
    ]
    assert list(stream_boxes(io.BytesIO(data))) == found


def test_boxes_of_a_stream_are_those_in_memory() -> None:
    """Read one behind the other, header and all; only a box without an end is not for a stream."""
    data = box(b"aaaa", b"12") + large_box(b"bbbb", b"345") + box(b"cccc")
    expected = [(item.kind, data[item.start : item.end]) for item in boxes(data)]
    assert list(top_boxes(io.BytesIO(data))) == expected
    with pytest.raises(EncoderOutputMalformed):
        list(top_boxes(io.BytesIO(data + struct.pack(">I4s", 0, b"open") + b"6")))


def test_a_stream_cannot_ask_for_the_memory() -> None:
    """A box that would not fit is refused by its header alone."""
    with pytest.raises(EncoderOutputMalformed):
        next(top_boxes(io.BytesIO(struct.pack(">I4s", MAX_TOP_BOX_BYTES + 1, b"mdat"))))


def test_find_descends() -> None:
    """A path names the first box at each level, inside its parent only."""
    data = box(b"moov", box(b"trak", box(b"mdia", b"first"))) + box(b"moov")
    found = find(data, b"moov", b"trak", b"mdia")
    assert fields(data, found).take(5) == b"first"
    with pytest.raises(EncoderOutputMalformed, match="no tkhd box"):
        find(data, b"moov", b"trak", b"tkhd")


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0\0",
        struct.pack(">I4s", 7, b"tiny"),
        struct.pack(">I4s", 9, b"long"),
        struct.pack(">I4sQ", 1, b"huge", 2**64 - 1),
        struct.pack(">I4sQ", 1, b"tiny", 15),
        struct.pack(">I4s", 1, b"half") + b"\0\0\0\0",
        box(b"fine") + struct.pack(">I4s", 20, b"long"),
    ],
)
def test_lengths_that_lie_are_refused(data: bytes) -> None:
    """A box that does not fit in its parent is malformed, in memory and in a file alike."""
    with pytest.raises(EncoderOutputMalformed):
        list(boxes(data))
    with pytest.raises(EncoderOutputMalformed):
        list(stream_boxes(io.BytesIO(data)))
    with pytest.raises(EncoderOutputMalformed):
        list(top_boxes(io.BytesIO(data)))


def test_fields_end_with_their_box() -> None:
    """A count that is larger than the box is refused before anything is allocated for it."""
    reader = Fields(b"\0\0\0\x05more", 0, 4)
    with pytest.raises(EncoderOutputMalformed):
        reader.words(2**32)
    assert reader.words(1) == (5,)
    with pytest.raises(EncoderOutputMalformed):
        reader.skip(1)


@given(st.binary(max_size=200))
def test_any_bytes_end(data: bytes) -> None:
    """Whatever the bytes, the walk ends: boxes follow one another inside the data, or the input is refused."""
    try:
        found = list(boxes(data))
    except EncoderOutputMalformed:
        return
    position = 0
    for item in found:
        assert item.start == position < item.body <= item.end <= len(data)
        position = item.end
    assert position == len(data)
