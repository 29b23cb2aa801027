"""Writing to a program's stdin while what is written is still being made.

Invariants: a few pieces wait at most, so that whoever makes them is as fast as the program in the long run; once the
program reads no more nothing more is asked for, and its exit code tells whether it had enough or has failed.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import suppress
from queue import Queue
from typing import IO

from chalicelib.tools.splicing import SplicedPipe

# A picture and what goes before it are two pieces: three frames, so that a program that gives way has work in stock.
_AHEAD = 6


class Feed:
    """One stdin, written to by a thread of its own. To live as long as the program does (splicing.py)."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._spliced = SplicedPipe(pipe.fileno())
        self._waiting: Queue[bytes | None] = Queue(_AHEAD)
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def _write(self) -> None:
        """Takes every piece, also those that nobody reads any more, so that `write_all` does not wait for ever."""
        while (piece := self._waiting.get()) is not None:
            if not self._enough.is_set():
                try:
                    self._spliced.write(piece)
                except OSError:
                    self._enough.set()

    def write_all(self, pieces: Iterable[bytes]) -> None:
        """Returns when all is written, or the program reads no more. What making a piece raises is raised at once."""
        for piece in pieces:
            if self._enough.is_set():
                break
            self._waiting.put(piece)
        self.close()

    def close(self) -> None:
        """Write what waits, and the end behind it. It takes no time once the program has ended, or a second time."""
        if self._thread.is_alive():
            self._waiting.put(None)
            self._thread.join()
        with suppress(BrokenPipeError):
            self._pipe.close()
