"""Complete files pass, broken-off and protected ones are named."""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import EmptySource, EncryptedSource, NotAVideo, SourceTruncated, UserError
from chalicelib.media.complete import check_complete, inspect
from chalicelib.media.source import Container


def reader(data: bytes) -> Callable[[int, int], bytes]:
    return lambda start, end: data[start:end]


def check(container: Container, data: bytes) -> None:
    check_complete(container, reader(data), len(data))


def box(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def moov(entry: bytes = b"avc1", more: bytes = b"") -> bytes:
    sample_entries = box(b"stsd", struct.pack(">II", 0, 1) + box(entry, bytes(78)))
    media = box(b"mdia", box(b"mdhd") + box(b"minf", box(b"vmhd") + box(b"stbl", sample_entries)))
    return box(b"moov", box(b"mvhd", bytes(100)) + box(b"trak", box(b"tkhd") + media) + more)


FTYP = box(b"ftyp", b"isom\0\0\2\0")
MDAT = box(b"mdat", bytes(1000))


@pytest.mark.parametrize(
    "data",
    [
        FTYP + moov() + MDAT,
        FTYP + MDAT + moov(),
        FTYP + moov() + struct.pack(">I4s", 0, b"mdat") + bytes(99),
        FTYP + moov() + struct.pack(">I4sQ", 1, b"mdat", 16 + 99) + bytes(99),
        FTYP + moov() + MDAT + b"\xff\xff\xff\xffjunk behind the media",
        FTYP + moov() + MDAT + b"abc",
        FTYP + moov() + 200 * (box(b"moof") + box(b"mdat")),
    ],
)
def test_a_complete_mp4_passes(data: bytes) -> None:
    """The index may come first or last, the media may be open-ended, fragmented, or followed by junk."""
    check(Container.MP4, data)


@pytest.mark.parametrize(
    "data",
    [
        (FTYP + moov() + MDAT)[:-1],
        (FTYP + MDAT + moov())[:-1],
        FTYP + MDAT,
        (FTYP + MDAT)[:-500],
        FTYP + struct.pack(">I4s", 0, b"mdat") + bytes(99),
    ],
)
def test_a_broken_off_mp4_is_truncated(data: bytes) -> None:
    """A box that ends behind the file, or media without an index, is a truncated file."""
    with pytest.raises(SourceTruncated):
        check(Container.MP4, data)


def test_an_mp4_without_media_is_no_video() -> None:
    """A container with neither index nor media was not cut off: there is nothing in it."""
    with pytest.raises(NotAVideo):
        check(Container.MP4, FTYP + box(b"free", bytes(30)))


@pytest.mark.parametrize("index", [moov(b"encv"), moov(b"enca"), moov(more=box(b"pssh", bytes(20)))])
def test_a_protected_mp4_is_encrypted(index: bytes) -> None:
    """Common Encryption shows in the sample entries or in a protection header."""
    with pytest.raises(EncryptedSource):
        check(Container.MP4, FTYP + index + MDAT)


def ebml(segment_length: bytes, media: bytes) -> bytes:
    return b"\x1a\x45\xdf\xa3\x84webm" + b"\xec\x82\0\0" + b"\x18\x53\x80\x67" + segment_length + media


@pytest.mark.parametrize("length", [b"\x01\0\0\0\0\0\0\x64", b"\xe4", b"\x01" + 7 * b"\xff", b"\xff"])
def test_a_complete_matroska_passes(length: bytes) -> None:
    """The Segment ends with the file, or does not know its length, as live recordings."""
    check(Container.MATROSKA, ebml(length, bytes(100)))


@pytest.mark.parametrize("data", [ebml(b"\xe4", bytes(99)), ebml(b"\xe4", b"")[:12], b"\x1a\x45\xdf\xa3"])
def test_a_broken_off_matroska_is_truncated(data: bytes) -> None:
    """A Segment that ends behind the file, or never begins, is a truncated file."""
    with pytest.raises(SourceTruncated):
        check(Container.MATROSKA, data)


@pytest.mark.parametrize("length", [100, 0, 0xFFFFFFFF, 1000])
def test_a_riff_length_is_taken_with_tolerance(length: int) -> None:
    """Writers miscount by a few bytes, and streams do not know their length."""
    check(Container.AVI, struct.pack("<4sI4s", b"RIFF", length, b"AVI ") + bytes(96))


def test_a_broken_off_riff_is_truncated() -> None:
    """Much less than what the header says is a truncated file."""
    with pytest.raises(SourceTruncated):
        check(Container.WAV, struct.pack("<4sI4s", b"RIFF", 1_000_000, b"WAVE") + bytes(96))


def test_inspection_reads_little() -> None:
    """The head and a few headers are read, never the media."""
    data = FTYP + box(b"mdat", bytes(5_000_000)) + moov()
    fetched = 0

    def read(start: int, end: int) -> bytes:
        nonlocal fetched
        fetched += end - start
        return data[start:end]

    assert inspect(read, len(data)) is Container.MP4
    assert fetched < 70_000


def test_an_empty_file_is_not_read() -> None:
    """Zero bytes are refused without a request."""

    def refuse(start: int, end: int) -> bytes:
        raise AssertionError((start, end))

    with pytest.raises(EmptySource):
        inspect(refuse, 0)


@given(st.sampled_from([FTYP + moov() + MDAT, ebml(b"\xe4", bytes(100))]), st.data())
def test_a_damaged_file_is_the_users_error(data: bytes, draw: st.DataObject) -> None:
    """Any single damaged byte, and any cut, is decided or refused, never a crash."""
    place = draw.draw(st.integers(0, len(data) - 1))
    damaged = data[:place] + draw.draw(st.binary(min_size=1, max_size=1)) + data[place + 1 :]
    damaged = damaged[: draw.draw(st.integers(1, len(damaged)))]
    with suppress(UserError):
        inspect(reader(damaged), len(damaged))
