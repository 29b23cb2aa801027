"""Whether a file is all there, by the lengths that its own container states.

A broken-off upload is found before anything is downloaded or encoded: a few small reads at known places. Only what a
container says about itself counts: transport and program streams say nothing and pass. ISO/IEC 14496-12 4.2 (boxes),
RFC 8794 6 (EBML sizes), RIFF.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.errors import EmptySource, EncryptedSource, NotAVideo, SourceTruncated
from chalicelib.media.sniff import HEAD_BYTES, ReadRange, sniff
from chalicelib.media.source import Container

_MAX_BOXES = 64
_TOP_BOXES = frozenset(
    b"ftyp moov mdat moof free skip wide udta meta uuid mfra sidx styp pssh emsg ssix prft pnot pdin PICT".split()
)
_TO_SAMPLE_ENTRIES = (b"trak", b"mdia", b"minf", b"stbl", b"stsd")
_ENCRYPTED_ENTRIES = frozenset((b"encv", b"enca", b"enct", b"encs", b"drmi", b"drms"))
_RIFF_TOLERANCE_BYTES = 4096
"""Writers disagree by a few bytes about what the RIFF length counts."""

_EBML_SEGMENT = 0x18538067
_EBML_MAX_ELEMENTS = 8


@dataclass(frozen=True, slots=True)
class _Box:
    """A box from `start`; its content is [body, end). `end` may lie behind the file."""

    kind: bytes
    start: int
    body: int
    end: int


def inspect(read: ReadRange, size_bytes: int) -> Container:
    """Sniff a stored file and check that it is complete, in a few small reads.

    Raises:
        EmptySource, PlaylistNotAllowed, EncryptedSource, UnsupportedMedia, NotAVideo: As `sniff`.
        SourceTruncated: As `check_complete`.
    """
    if size_bytes == 0:
        raise EmptySource("the file is empty")
    container = sniff(read(0, min(HEAD_BYTES, size_bytes)))
    check_complete(container, read, size_bytes)
    return container


def check_complete(container: Container, read: ReadRange, size_bytes: int) -> None:
    """Compare a file's length with what its container states.

    Raises:
        SourceTruncated: If the file ends too early, or was never finished.
        EncryptedSource: If an MP4's index declares protected tracks.
        NotAVideo: If an MP4 holds no index and no media.
    """
    if container is Container.MP4:
        _check_mp4(read, size_bytes)
    elif container is Container.MATROSKA:
        _check_ebml(read, size_bytes)
    elif container in (Container.AVI, Container.WAV):
        _check_riff(read, size_bytes)


def _truncated(size_bytes: int, stated_bytes: int) -> SourceTruncated:
    return SourceTruncated(
        "the file ends too early: the upload or the recording was cut off",
        size_bytes=size_bytes,
        stated_bytes=stated_bytes,
    )


def _check_mp4(read: ReadRange, size_bytes: int) -> None:
    kinds: set[bytes] = set()
    for box in _boxes(read, 0, size_bytes):
        if box.kind not in _TOP_BOXES and b"moov" in kinds:
            return  # junk behind the media
        if box.end > size_bytes:
            raise _truncated(size_bytes, box.end)
        kinds.add(box.kind)
        if box.kind == b"moov":
            _refuse_protected(read, box)
    if b"moov" in kinds:
        return
    if b"mdat" in kinds or b"moof" in kinds:
        raise SourceTruncated("the file has no index: the recording was never finished", size_bytes=size_bytes)
    raise NotAVideo("the file is an MP4 container without media")


def _refuse_protected(read: ReadRange, moov: _Box) -> None:
    if any(kind in _ENCRYPTED_ENTRIES for kind in _sample_entries(read, moov, _TO_SAMPLE_ENTRIES)):
        raise EncryptedSource("the media is encrypted; upload it without DRM")
    if any(box.kind == b"pssh" for box in _boxes(read, moov.body, moov.end)):
        raise EncryptedSource("the media is prepared for DRM; upload it without")


def _sample_entries(read: ReadRange, parent: _Box, path: tuple[bytes, ...]) -> Iterator[bytes]:
    """The kinds of all sample entries below `parent`."""
    for box in _boxes(read, parent.body, parent.end):
        if box.kind != path[0]:
            continue
        if len(path) > 1:
            yield from _sample_entries(read, box, path[1:])
        else:
            # version, flags and a count come first
            yield from (entry.kind for entry in _boxes(read, box.body + 8, box.end))


def _boxes(read: ReadRange, start: int, end: int) -> Iterator[_Box]:
    """Walk the boxes of [start, end), as far as they make sense, and no more than _MAX_BOXES."""
    for _ in range(_MAX_BOXES):
        if start + 8 > end:
            return
        header = read(start, min(start + 16, end))
        length, body = int.from_bytes(header[:4], "big"), start + 8
        if length == 1 and len(header) == 16:
            length, body = int.from_bytes(header[8:], "big"), start + 16
        elif length == 0:
            length = end - start
        if length < body - start:
            return
        yield _Box(kind=header[4:8], start=start, body=body, end=start + length)
        start += length


def _check_ebml(read: ReadRange, size_bytes: int) -> None:
    start = 0
    for _ in range(_EBML_MAX_ELEMENTS):
        header = read(start, min(start + 12, size_bytes))
        identifier, id_bytes = _ebml_number(header, keep_marker=True)
        length, length_bytes = _ebml_number(header[id_bytes:], keep_marker=False)
        if not id_bytes or not length_bytes:
            break
        body = start + id_bytes + length_bytes
        # All ones: a live recording that did not know its length.
        unknown = length == (1 << 7 * length_bytes) - 1
        if identifier == _EBML_SEGMENT:
            if not unknown and body + length > size_bytes:
                raise _truncated(size_bytes, body + length)
            return
        start = body + length
        if unknown or start >= size_bytes:
            break
    raise SourceTruncated("the file ends before its media begins", size_bytes=size_bytes)


def _ebml_number(data: bytes, *, keep_marker: bool) -> tuple[int, int]:
    """A variable-size integer and its length in bytes; (0, 0) if there is none."""
    if not data or not data[0]:
        return 0, 0
    count = 9 - data[0].bit_length()
    if len(data) < count:
        return 0, 0
    value = int.from_bytes(data[:count], "big")
    return (value if keep_marker else value & ((1 << 7 * count) - 1)), count


def _check_riff(read: ReadRange, size_bytes: int) -> None:
    header = read(0, min(8, size_bytes))
    length = int.from_bytes(header[4:8], "little")
    # 0 and all ones: written as a stream, or RF64.
    if header[:4] == b"RIFF" and length not in (0, 0xFFFFFFFF) and length + 8 - size_bytes > _RIFF_TOLERANCE_BYTES:
        raise _truncated(size_bytes, length + 8)
