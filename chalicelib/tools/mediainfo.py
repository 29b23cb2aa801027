"""Asks MediaInfo's library about a source, over whatever can seek and read: half a megabyte of an 80 MB file.

It parses hostile bytes in native code, and a few of them changed in a good header make it loop for ever (found by
tests/contract/test_fuzz_media.py), so it works in a child process with limits. What its words mean is decided in
media/source.py.
"""

from __future__ import annotations

import json
from io import RawIOBase
from typing import BinaryIO

from chalicelib.errors import NotAVideo
from chalicelib.media.complete import inspect
from chalicelib.media.source import Source, source_from_mediainfo
from chalicelib.tools.confined import run_confined

PATIENCE_S = 10.0
_BUFFER_BYTES = 64 * 1024


class MediaInfo:
    """MediaInfo's library, found beside the package or on the loader's path."""

    def probe(self, file: BinaryIO, size_bytes: int) -> Source:
        """The facts of a source, after its first bytes and its length have been checked.

        Args:
            file: Seekable; read in ranges, never whole.

        Raises:
            EmptySource, PlaylistNotAllowed, EncryptedSource, SourceTruncated, UnsupportedMedia, NotAVideo: What is
                wrong with the source.
        """
        # Here and not in the child, which is a new one each time: it finds the module loaded.
        import pymediainfo  # noqa: F401

        container = inspect(lambda start, end: _read_exactly(file, start, end), size_bytes)
        found = run_confined(_parse, file, size_bytes, seconds=PATIENCE_S)
        if not found:
            raise NotAVideo("MediaInfo cannot read the file")
        return source_from_mediainfo(json.loads(found), container=container, size_bytes=size_bytes)


def _parse(file: RawIOBase) -> str:
    """MediaInfo's tracks as JSON; empty if it cannot read the file."""
    import pymediainfo

    try:
        # Parse speed 0: the beginning and the end only. Frame counts come from the packets.
        found = pymediainfo.MediaInfo.parse(file, parse_speed=0, buffer_size=_BUFFER_BYTES)
    except RuntimeError:
        return ""
    return json.dumps(found.to_data()["tracks"])


def _read_exactly(file: BinaryIO, start: int, end: int) -> bytes:
    """The bytes [start, end); fewer at the end of the file only. Raw files may return less than they were asked for."""
    file.seek(start)
    data = bytearray()
    while len(data) < end - start and (part := file.read(end - start - len(data))):
        data += part
    return bytes(data)
