"""Runs ffmpeg, and nothing but what it was told to run.

Invariants: the child has its own process group and none of our environment (no credentials), hard limits on processor
time, memory, file size and core dumps; when the deadline comes the whole group is killed and DeadlineNear raised;
stderr is drained always and its last lines kept. What the commands say is decided in media/commands.py.
"""

from __future__ import annotations

import logging
import os
import re
import resource
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import IO

from chalicelib.errors import DeadlineNear, EncoderFailed, EncoderKilled, UnsupportedMedia
from chalicelib.media.commands import VIDEO_STREAM, audio_stream, scan_arguments, trial_arguments
from chalicelib.media.framecrc import FramecrcReader
from chalicelib.media.prune import read_loss
from chalicelib.media.source import Container
from chalicelib.media.timing import Scan, TrackScan
from chalicelib.media.tracks import MAX_AUDIO_TRACKS

logger = logging.getLogger(__name__)

STDERR_LINES = 40
MAX_LINE_BYTES = 4096
CPU_LIMIT_S = 3600
FILE_LIMIT_BYTES = 20 * 1024**3
MEMORY_LIMIT_BYTES = 2304 * 1024**2
"""What the child may allocate: the function's 3008 MB less Python's share. A source that wants more then fails as an
encoder's error, with its last words, and not as a worker that vanished."""
_VERSION_TIMEOUT_S = 20.0

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
_CONTAINER_START = re.compile(r"^  Duration: .*, start: (-?\d+\.\d{6})")

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


class Ffmpeg:
    """One ffmpeg binary."""

    def __init__(self, program: str) -> None:
        self.program = program
        self._version = ""

    def version(self) -> str:
        """What the build calls itself, "n8.1.2" for example; part of every plan."""
        if not self._version:
            lines: list[bytes] = []
            self.run(("-version",), deadline=time.monotonic() + _VERSION_TIMEOUT_S, on_stdout=lines.append)
            words = lines[0].decode(errors="replace").split() if lines else []
            self._version = words[2] if len(words) > 2 else "unknown"
        return self._version

    def run(
        self,
        arguments: Sequence[str],
        *,
        deadline: float,
        cwd: Path | None = None,
        file_limit_bytes: int = FILE_LIMIT_BYTES,
        on_stdout: LineSink | None = None,
        pick: re.Pattern[str] | None = None,
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
            feed: Written to stdin piece by piece while it runs; what it raises ends the run. Once the program reads no
                more, nothing more is asked for.

        Raises:
            DeadlineNear: When the deadline came; every child has ended by then.
            EncoderKilled: If a signal ended it, most often the kernel's for want of memory.
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
        try:
            _limit(process, (*_LIMITS, (resource.RLIMIT_FSIZE, file_limit_bytes)))
            _write_all(process.stdin, feed)
            if on_stdout and process.stdout:
                while line := process.stdout.readline(MAX_LINE_BYTES):
                    on_stdout(line)
            process.wait()
        finally:
            alarm.stop()
            _kill_group(process)
            kept.close()
            if process.stdout:
                process.stdout.close()
        if process.returncode:
            logger.error(
                "ffmpeg failed",
                extra={"argv": argv, "exit_code": process.returncode, "stderr": kept.tail, "timed_out": alarm.rang},
            )
            raise _failure(process.returncode, kept.tail, timed_out=alarm.rang)
        return Finished(stderr=tuple(kept.tail), picked=kept.picked, elapsed_s=time.monotonic() - started)

    def scan_packets(self, path: Path, *, container: Container, deadline: float) -> Scan:
        """Times of every packet of the first video track and of all audio tracks, in one pass that decodes nothing.

        Then each is tried on a decoder, for one picture or one sound. An audio track that no decoder takes is left out
        as long as there is another: phones record a spatial track beside the plain one.

        Raises:
            UnsupportedMedia: If the file cannot be demultiplexed, holds more packets than a day of video, or its
                picture or all of its sound cannot be decoded.
        """
        reader = FramecrcReader()
        try:
            finished = self.run(
                scan_arguments(str(path), container),
                deadline=deadline,
                on_stdout=reader.feed,
                pick=_CONTAINER_START,
            )
        except EncoderFailed as error:
            raise UnsupportedMedia("the container cannot be read", **error.context) from error
        start = _CONTAINER_START.match(finished.picked)
        scan = reader.scan(Fraction(start[1]) if start else None)
        if scan.video and scan.video.pts:
            self._try_decoding(path, container, VIDEO_STREAM, deadline)
        return replace(scan, audio=self._decodable(path, container, scan.audio, deadline))

    def _decodable(
        self, path: Path, container: Container, tracks: tuple[TrackScan | None, ...], deadline: float
    ) -> tuple[TrackScan | None, ...]:
        """The first MAX_AUDIO_TRACKS, with None in the place of those that cannot be decoded."""
        found: list[TrackScan | None] = []
        refused: UnsupportedMedia | None = None
        for position, track in enumerate(tracks[:MAX_AUDIO_TRACKS]):
            try:
                if track is not None:
                    self._try_decoding(path, container, audio_stream(position), deadline)
                found.append(track)
            except UnsupportedMedia as error:
                logger.info("audio track left out", extra={"position": position})
                found.append(None)
                refused = error
        if refused is not None and not any(found):
            raise refused
        return tuple(found)

    def can_decode(self, path: Path, container: Container, stream: str, deadline: float) -> bool:
        """Whether a stream, by ffmpeg's name for it, gives a first frame."""
        try:
            self._try_decoding(path, container, stream, deadline)
        except UnsupportedMedia:
            return False
        return True

    def lost_detail(self, arguments: Sequence[str], *, deadline: float) -> int | None:
        """What `loss_arguments` print, or None when there was no picture to look at."""
        lines: list[bytes] = []
        try:
            self.run(arguments, deadline=deadline, on_stdout=lines.append)
        except (EncoderFailed, EncoderKilled):
            return None
        return read_loss(lines)

    def _try_decoding(self, path: Path, container: Container, stream: str, deadline: float) -> None:
        frames: list[bytes] = []

        def note(line: bytes) -> None:
            if not line.startswith(b"#"):
                frames.append(line)

        try:
            self.run(trial_arguments(str(path), container, stream), deadline=deadline, on_stdout=note)
        except EncoderFailed as error:
            raise UnsupportedMedia("a track cannot be decoded", stream=stream, **error.context) from error
        if not frames:
            raise UnsupportedMedia("a track cannot be decoded", stream=stream)


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


def _write_all(pipe: IO[bytes] | None, feed: Iterable[bytes]) -> None:
    """Until the program reads no more: its exit code tells whether it had enough or has failed."""
    if pipe is None:
        return
    try:
        for piece in feed:
            try:
                pipe.write(piece)
            except BrokenPipeError:
                return
    finally:
        with suppress(BrokenPipeError):
            pipe.close()


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


def _failure(code: int, tail: Sequence[str], *, timed_out: bool) -> DeadlineNear | EncoderFailed | EncoderKilled:
    last = tail[-1] if tail else ""
    if timed_out:
        return DeadlineNear("the encoder did not finish in time")
    if code < 0:
        return EncoderKilled("the encoder was ended by a signal", signal=signal.Signals(-code).name, stderr=last)
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
