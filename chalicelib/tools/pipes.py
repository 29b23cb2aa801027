"""Reading what a program writes to its output files while it writes them: named pipes take the files' places.

Invariants: nobody waits for ever, because this side holds every pipe open for writing until the program has ended, and
closes it then; a reader that fails closes its pipe, which ends the program; and the reader's error is raised then, not
the program's complaint about it. A program that is faster than its readers waits for them: nothing piles up in between.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar

from chalicelib.errors import EncoderFailed, EncoderKilled

Made = TypeVar("Made")
_REST_BYTES = 1 << 16


class _Pipe:
    """A named pipe with both ends open."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path, 0o600)
        # Opened so, it does not wait for a writer, which this side becomes in the next line.
        reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self._writing: BinaryIO = path.open("wb", buffering=0)
        os.set_blocking(reading, True)
        self._reading: BinaryIO = os.fdopen(reading, "rb")

    @property
    def given_up(self) -> bool:
        """Whether the reader has stopped; before `end` it does so only by an error of its own."""
        return self._reading.closed

    def read(self, reader: Callable[[BinaryIO], Made]) -> Made:
        with self._reading:
            made = reader(self._reading)
            # What the reader leaves must not block the writer.
            while self._reading.read(_REST_BYTES):
                pass
        return made

    def end(self) -> None:
        """Nobody writes any more: the reader meets the end of the file behind what is there."""
        self._writing.close()

    def close(self) -> None:
        self._writing.close()
        self._reading.close()


def read_while_running(
    run: Callable[[], object], folder: Path, readers: Mapping[str, Callable[[BinaryIO], Made]]
) -> dict[str, Made]:
    """Run what writes the files named by `readers` in `folder`, and read each of them in a thread of its own.

    Returns:
        What each reader made of its file.

    Raises:
        Exception: What made a reader give up; else what `run` raised; else what a reader raised at the end of its file.
    """
    with _pipes(folder, readers) as pipes, ThreadPoolExecutor(len(pipes)) as threads:
        reading = {name: threads.submit(pipe.read, readers[name]) for name, pipe in pipes.items()}
        try:
            run()
        except (EncoderFailed, EncoderKilled) as failure:
            causes = [reading[name].exception() for name, pipe in pipes.items() if pipe.given_up]
            raise next(filter(None, causes), failure) from failure
        finally:
            for pipe in pipes.values():
                pipe.end()
    return {name: done.result() for name, done in reading.items()}


@contextmanager
def _pipes(folder: Path, names: Iterable[str]) -> Iterator[dict[str, _Pipe]]:
    """Pipes that are gone afterwards, however far their making came."""
    pipes: dict[str, _Pipe] = {}
    try:
        for name in names:
            pipes[name] = _Pipe(folder / name)
        yield pipes
    finally:
        for name, pipe in pipes.items():
            pipe.close()
            (folder / name).unlink()
