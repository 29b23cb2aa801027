"""Runs a program of the media tools layer, and nothing but what it was told to run.

Invariants: the child has its own process group and none of our environment (no credentials), hard limits on processor
time, memory, file size and core dumps; when the deadline comes the whole group is killed and DeadlineNear raised;
stderr is drained always and its last lines kept. What the commands say is decided in media/.
"""

from __future__ import annotations

import errno
import logging
import os
import re
import resource
import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fcntl import F_SETPIPE_SZ, fcntl
from pathlib import Path
from typing import IO

from chalicelib.errors import DeadlineNear, DiskFull, EncoderFailed, EncoderKilled, TransientError
from chalicelib.tools.feeding import Feed

logger = logging.getLogger(__name__)

STDERR_LINES = 40
MAX_LINE_BYTES = 4096
CPU_LIMIT_S = 3600
FILE_LIMIT_BYTES = 20 * 1024**3
MEMORY_LIMIT_BYTES = 2304 * 1024**2
"""What the child may allocate: the function's 3008 MB less Python's share. A source that wants more then fails as an
encoder's error, with its last words, and not as a worker that vanished."""
_WATCH_EVERY_S = 1.0
_NICENESS = 10
_PIPE_BYTES = 1 << 20
# Less is free only on a disk that is full: what a program could not write whole it has not removed yet.
_NO_ROOM_BYTES = 1024**2
# The system's own, in the language that is set below: others may have made room by the time that the disk is looked at.
_NO_ROOM_WORDS = os.strerror(errno.ENOSPC)

_ENVIRONMENT = {
    "LC_ALL": "C",
    "TZ": "UTC",
    "AV_LOG_FORCE_NOCOLOR": "1",
    # SVT-AV1 has its own switch: errors only.
    "SVT_LOG": "1",
}
_LIMITS = (
    (resource.RLIMIT_CPU, CPU_LIMIT_S),
    # Heap and private mappings (Linux 4.7 and later). RLIMIT_AS would count address space that threads only reserve.
    (resource.RLIMIT_DATA, MEMORY_LIMIT_BYTES),
    (resource.RLIMIT_CORE, 0),
)

LineSink = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that ended well.

    Attributes:
        stderr: Its last lines.
        picked: The first line of stderr that matched `pick`, or "".
        elapsed_s: Wall time.
    """

    stderr: tuple[str, ...]
    picked: str
    elapsed_s: float


class Program:
    """One program, by its path or its name on PATH."""

    def __init__(self, program: str) -> None:
        self.program = program

    def run(
        self,
        arguments: Sequence[str],
        *,
        deadline: float,
        cwd: Path | None = None,
        file_limit_bytes: int = FILE_LIMIT_BYTES,
        on_stdout: LineSink | None = None,
        pick: re.Pattern[str] | None = None,
        watch: Callable[[], None] | None = None,
        feed: Iterable[bytes] = (),
    ) -> Finished:
        """Run to the end.

        Args:
            arguments: What follows the program's name.
            deadline: On the clock of time.monotonic(), in seconds.
            cwd: Where relative output names land.
            file_limit_bytes: Above it, writing to a file ends the run; pipes have no such limit.
            on_stdout: Called with each line of stdout; what it raises ends the run. None discards stdout.
            pick: Keep the first line of stderr that matches, however much follows it.
            watch: Called about once a second while it runs, unless its stdout is read; what it raises ends the run.
            feed: Written to stdin piece by piece while it runs; what it raises ends the run. Once the program reads no
                more, nothing more is asked for.

        Raises:
            DeadlineNear: When the deadline came; every child has ended by then.
            EncoderKilled: If a signal ended it, most often the kernel's for want of memory.
            DiskFull: If it failed where no room is left on the disk.
            EncoderFailed: If it ended with an error of its own, or cannot be started.
        """
        argv = (self.program, *arguments)
        started = time.monotonic()
        if started >= deadline:
            raise DeadlineNear("no time was left to start the encoder")
        stdin = subprocess.PIPE if feed else subprocess.DEVNULL
        process = _start(argv, cwd, stdin, subprocess.PIPE if on_stdout else subprocess.DEVNULL)
        kept = _Stderr(process.stderr, pick)
        alarm = _Alarm(process, deadline - started)
        writing: Feed | None = None
        try:
            _limit(process, (*_LIMITS, (resource.RLIMIT_FSIZE, file_limit_bytes)))
            if process.stdin:
                widen(process.stdin)
                _give_way(process)
                writing = Feed(process.stdin)
                writing.write_all(feed)
            if on_stdout and process.stdout:
                while line := process.stdout.readline(MAX_LINE_BYTES):
                    on_stdout(line)
            _wait(process, watch)
        finally:
            alarm.stop()
            _kill_group(process)
            if writing:
                writing.close()
            kept.close()
            if process.stdout:
                process.stdout.close()
        if process.returncode:
            logger.error(
                "program failed",
                extra={"argv": argv, "exit_code": process.returncode, "stderr": kept.tail, "timed_out": alarm.rang},
            )
            full = _is_full(cwd) or any(_NO_ROOM_WORDS in line for line in kept.tail)
            raise _failure(process.returncode, kept.tail, timed_out=alarm.rang, full=full)
        return Finished(stderr=tuple(kept.tail), picked=kept.picked, elapsed_s=time.monotonic() - started)


class _Stderr:
    """Drains stderr in a thread of its own, because a full pipe would block the child."""

    def __init__(self, pipe: IO[bytes] | None, pick: re.Pattern[str] | None) -> None:
        if pipe is None:
            raise ValueError("stderr is not a pipe")
        self.tail: deque[str] = deque(maxlen=STDERR_LINES)
        self.picked = ""
        self._pipe = pipe
        self._pick = pick
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def _drain(self) -> None:
        while data := self._pipe.readline(MAX_LINE_BYTES):
            line = data.decode(errors="replace").rstrip()
            self.tail.append(line)
            if self._pick and not self.picked and self._pick.match(line):
                self.picked = line

    def close(self) -> None:
        """Wait for the end of the stream, which comes with the end of the group."""
        self._thread.join()
        self._pipe.close()


class _Alarm:
    """Kills a process's group after some seconds, unless stopped. `rang` tells whether it did."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        self.rang = False
        self._process = process
        self._timer = threading.Timer(seconds, self._ring)
        self._timer.daemon = True
        self._timer.start()

    def _ring(self) -> None:
        self.rang = True
        # Not waited for here: the thread that runs the process collects it.
        _signal_group(self._process)

    def stop(self) -> None:
        self._timer.cancel()


def _wait(process: subprocess.Popen[bytes], watch: Callable[[], None] | None) -> None:
    while watch is not None:
        try:
            process.wait(_WATCH_EVERY_S)
            return
        except subprocess.TimeoutExpired:
            watch()
    process.wait()


def widen(pipe: IO[bytes] | None) -> None:
    """Through a pipe of the usual width a bare picture of 8 MB would wake both sides a hundred times."""
    if pipe:
        with suppress(OSError):  # the machine grants less
            fcntl(pipe, F_SETPIPE_SZ, _PIPE_BYTES)


def _give_way(process: subprocess.Popen[bytes]) -> None:
    """Let what makes its input have the processors first: it has work in stock, and the other side keeps it waiting."""
    with suppress(ProcessLookupError):  # it has ended already
        # More of it than we have: less is not granted to everybody.
        os.setpriority(os.PRIO_PROCESS, process.pid, os.getpriority(os.PRIO_PROCESS, 0) + _NICENESS)


def _start(argv: Sequence[str], cwd: Path | None, stdin: int, stdout: int) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            argv,
            cwd=cwd,
            env=_ENVIRONMENT,
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise EncoderFailed("the encoder cannot be started; is the media tools layer there?", path=argv[0]) from error


def _is_full(folder: Path | None) -> bool:
    """Whether the program could write next to nothing where it worked."""
    return folder is not None and shutil.disk_usage(folder).free < _NO_ROOM_BYTES


def _failure(code: int, tail: Sequence[str], *, timed_out: bool, full: bool) -> TransientError | EncoderFailed:
    last = tail[-1] if tail else ""
    if timed_out:
        return DeadlineNear("the encoder did not finish in time")
    if code < 0:
        return EncoderKilled("the encoder was ended by a signal", signal=signal.Signals(-code).name, stderr=last)
    if full:
        return DiskFull("the encoder had no room left on the disk", exit_code=code, stderr=last)
    return EncoderFailed("the encoder failed", exit_code=code, stderr=last)


def _limit(process: subprocess.Popen[bytes], limits: Sequence[tuple[int, int]]) -> None:
    """Set the limits from outside: nothing but exec may run between fork and exec in a process with threads."""
    for kind, value in limits:
        with suppress(ProcessLookupError):  # it has ended already
            _, hard = resource.prlimit(process.pid, kind)
            bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.prlimit(process.pid, kind, (bound, bound))


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """End the process and what it may have started, and collect it. Nothing happens once it was collected."""
    _signal_group(process)
    process.wait()


def _signal_group(process: subprocess.Popen[bytes]) -> None:
    # Once collected, the number may belong to somebody else.
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
