"""Runs native code that reads customers' bytes in a child process, which may hang, crash or want memory without end.

The child sees the file only by asking for ranges of it. It is a fork: it bounds time and memory, and is no jail. It
holds what this process holds, its environment and credentials among it.

Invariants: it is gone when `run_confined` returns, however that happens; it has hard limits on memory and processor
time; and its time is bounded from outside, counted from the start.
"""

from __future__ import annotations

import io
import multiprocessing
import resource
import time
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import BinaryIO

from chalicelib.errors import UnsupportedMedia

MEMORY_LIMIT_BYTES = 1024**3
MAX_REQUEST_BYTES = 16 * 1024**2
_RANGE, _ANSWER = 0, 1


class _Remote(io.RawIOBase):
    """The file as the child sees it: each read is a question to the parent."""

    def __init__(self, parent: Connection, size_bytes: int) -> None:
        super().__init__()
        self._parent = parent
        self._size_bytes = size_bytes
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size_bytes}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: memoryview | bytearray) -> int:  # type: ignore[override]
        self._parent.send((_RANGE, self._position, min(len(buffer), MAX_REQUEST_BYTES)))
        data = self._parent.recv_bytes()
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


def run_confined(work: Callable[[io.RawIOBase], str], file: BinaryIO, size_bytes: int, *, seconds: float) -> str:
    """What `work` makes of the file, in a child of this process.

    Args:
        seconds: Wall time; the child is killed then.

    Raises:
        UnsupportedMedia: If the child ends without an answer, or none comes in time.
    """
    deadline = time.monotonic() + seconds
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(work, ours, theirs, size_bytes, int(seconds) + 1), daemon=True)
    with warnings.catch_warnings():
        # Python 3.12 warns of forks beside threads. The child touches nothing that another thread may hold.
        warnings.simplefilter("ignore", DeprecationWarning)
        process.start()
    theirs.close()
    try:
        while ours.poll(max(0.0, deadline - time.monotonic())):
            kind, *words = ours.recv()
            if kind == _ANSWER:
                return str(words[0])
            start, length = words
            file.seek(start)
            ours.send_bytes(file.read(length))
    except (EOFError, ConnectionError) as error:
        raise UnsupportedMedia("the file ended the program that looked at it") from error
    finally:
        process.kill()
        process.join()
        ours.close()
    raise UnsupportedMedia("the file cannot be looked through in time", seconds=seconds)


def _serve(
    work: Callable[[io.RawIOBase], str], ours: Connection, theirs: Connection, size_bytes: int, cpu_seconds: int
) -> None:
    ours.close()
    for kind, value in ((resource.RLIMIT_DATA, MEMORY_LIMIT_BYTES), (resource.RLIMIT_CPU, cpu_seconds)):
        _, hard = resource.getrlimit(kind)
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (bound, bound))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    theirs.send((_ANSWER, work(_Remote(theirs, size_bytes))))
