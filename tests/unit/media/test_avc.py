"""What an H.264 stream says of itself."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import CopyUnsuitable
from chalicelib.media.avc import HIGH, begins_with_idr, read_configuration
from tests.unit.media.progressive import AVC_RECORD, IDR, OTHER


def test_the_facts_of_a_usual_stream() -> None:
    """x264's own record: size after cropping, shape, depth and scan."""
    stream = read_configuration(AVC_RECORD)
    assert (stream.width, stream.height, stream.profile) == (160, 90, HIGH)
    assert (stream.chroma_format, stream.bit_depth, stream.is_progressive) == (1, 8, True)
    assert stream.sample_aspect_ratio == 1
    assert stream.nal_length_bytes == 4


@given(st.binary(max_size=64))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """A record is a stranger's, too."""
    with contextlib.suppress(CopyUnsuitable):
        read_configuration(data)


@given(st.integers(9, len(AVC_RECORD) - 1), st.integers(0, 255))
def test_a_changed_byte_is_read_or_refused(at: int, value: int) -> None:
    """So is each field of a real one."""
    record = bytearray(AVC_RECORD)
    record[at] = value
    with contextlib.suppress(CopyUnsuitable):
        read_configuration(bytes(record))


@pytest.mark.parametrize("record", [b"", AVC_RECORD[:7], AVC_RECORD[:12], AVC_RECORD[:5] + b"\xe0" + AVC_RECORD[6:]])
def test_a_record_without_a_parameter_set_is_refused(record: bytes) -> None:
    """Cut off, or empty."""
    with pytest.raises(CopyUnsuitable):
        read_configuration(record)


def test_only_an_idr_slice_begins_anew() -> None:
    """Parameter sets and messages may stand before it; another slice, or none, is not enough."""
    message = bytes.fromhex("000000020600")
    assert begins_with_idr(IDR + b"x", 4)
    assert begins_with_idr(message + IDR, 4)
    assert not begins_with_idr(message + OTHER + IDR, 4)
    assert not begins_with_idr(message, 4)
    assert not begins_with_idr(b"", 4)
    assert not begins_with_idr(bytes.fromhex("ffffffff06"), 4)
