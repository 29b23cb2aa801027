"""A stored object as a file: seekable, read by ranged GETs, so that probing a video never downloads it.

Reads ahead by 256 KiB after a seek and doubles up to 4 MiB while reading goes on in sequence: a probe that hops
through boxes pays little per hop, one that reads on pays few requests.
"""

from __future__ import annotations

import io
from collections.abc import Callable

READ_AHEAD_MIN_BYTES = 256 * 1024
READ_AHEAD_MAX_BYTES = 4 * 1024 * 1024


class RangeReader(io.RawIOBase):
    """A read-only file over `fetch(start, end)`, which returns exactly the bytes [start, end).

    Attributes:
        size_bytes: Length of the object.
        requests: Fetches made so far.
        bytes_fetched: Bytes they brought.
    """

    def __init__(self, fetch: Callable[[int, int], bytes], size_bytes: int) -> None:
        super().__init__()
        self.size_bytes = size_bytes
        self.requests = 0
        self.bytes_fetched = 0
        self._fetch = fetch
        self._position = 0
        self._window = b""
        self._window_start = 0
        self._ahead = READ_AHEAD_MIN_BYTES

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size_bytes}[whence]
        if base + offset < 0:
            raise ValueError("seek before the start of the object")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: memoryview | bytearray) -> int:  # type: ignore[override]
        data = self._take(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _take(self, wanted: int) -> bytes:
        """At most `wanted` bytes from the position on; none at the end only."""
        if wanted <= 0 or self._position >= self.size_bytes:
            return b""
        offset = self._position - self._window_start
        if not 0 <= offset < len(self._window):
            self._load(wanted)
            offset = 0
        data = self._window[offset : offset + wanted]
        self._position += len(data)
        return data

    def _load(self, wanted: int) -> None:
        in_sequence = bool(self._window) and self._position == self._window_start + len(self._window)
        self._ahead = min(self._ahead * 2, READ_AHEAD_MAX_BYTES) if in_sequence else READ_AHEAD_MIN_BYTES
        end = min(self._position + max(wanted, self._ahead), self.size_bytes)
        self._window = self._fetch(self._position, end)
        self._window_start = self._position
        self.requests += 1
        self.bytes_fetched += len(self._window)
