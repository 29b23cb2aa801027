"""Asks MediaInfo's library about a source, over whatever can seek and read: half a megabyte of an 80 MB file.

The library's settings are global to the process, so every call uses the same ones. What its words mean is decided in
media/source.py.
"""

from __future__ import annotations

from typing import BinaryIO

import pymediainfo

from chalicelib.errors import NotAVideo
from chalicelib.media.complete import inspect
from chalicelib.media.source import Source, source_from_mediainfo

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
        container = inspect(lambda start, end: _read_exactly(file, start, end), size_bytes)
        file.seek(0)
        try:
            # Parse speed 0: the beginning and the end only. Frame counts come from the packets.
            found = pymediainfo.MediaInfo.parse(file, parse_speed=0, buffer_size=_BUFFER_BYTES)
        except RuntimeError as error:
            raise NotAVideo("MediaInfo cannot read the file") from error
        return source_from_mediainfo(found.to_data()["tracks"], container=container, size_bytes=size_bytes)


def _read_exactly(file: BinaryIO, start: int, end: int) -> bytes:
    """The bytes [start, end); fewer at the end of the file only. Raw files may return less than they were asked for."""
    file.seek(start)
    data = bytearray()
    while len(data) < end - start and (part := file.read(end - start - len(data))):
        data += part
    return bytes(data)
