"""One Chromium process group: started with an environment of its own, watched, and ended as a whole.

Invariants: nothing of our environment reaches it, so no credentials do; it and all of its children are gone, and its
profile with them, when `close` returns; and when the group holds more memory than it may, it is killed.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections import deque
from pathlib import Path

from chalicelib.composition.flags import browser_flags
from chalicelib.errors import BrowserCrashed, BrowserUnavailable, CompositionTooHeavy
from chalicelib.tools.browser_files import BrowserFiles
from chalicelib.tools.cdp import CallOverdue, Connection, make_pipe
from chalicelib.tools.process_memory import members

MEMORY_LIMIT_MB = 1800
"""Of one browser with all of its processes."""
_WATCH_S = 0.5
_START_S = 20.0
_END_S = 2.0
_STDERR_LINES = 20
# Chromium looks for its pipes at 3 and 4.
_MOVE_PIPES = 'exec "$@" 3<&0 4>&1 </dev/null >/dev/null'


class BrowserProcess:
    """A running browser.

    Attributes:
        connection: To speak with it.
    """

    def __init__(self, files: BrowserFiles, *, memory_limit_mb: int = MEMORY_LIMIT_MB) -> None:
        self._scratch = Path(tempfile.mkdtemp(prefix="sluice-browser-"))
        self._stderr: deque[str] = deque(maxlen=_STDERR_LINES)
        self._limit_bytes = memory_limit_mb * 2**20
        self._too_heavy = False
        self._ended = threading.Event()
        reading, theirs_out = make_pipe()
        theirs_in, writing = make_pipe()
        try:
            self._process = self._start(files, theirs_in, theirs_out)
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        self.connection = Connection(reading, writing)
        for work in (self._drain, self._watch):
            threading.Thread(target=work, daemon=True).start()

    @property
    def pid(self) -> int:
        """Of its first process, whose number is the group's too."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def _start(self, files: BrowserFiles, theirs_in: int, theirs_out: int) -> subprocess.Popen[bytes]:
        flags = (*browser_flags(), f"--user-data-dir={self._scratch / 'profile'}", "--remote-debugging-pipe=cbor")
        try:
            return subprocess.Popen(
                ("/bin/sh", "-c", _MOVE_PIPES, "sh", files.executable, *flags, "about:blank"),
                cwd=self._scratch,
                env=self._environment(files),
                stdin=theirs_in,
                stdout=theirs_out,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise BrowserUnavailable("the browser cannot be started", reason=error.strerror or "") from error

    def _environment(self, files: BrowserFiles) -> dict[str, str]:
        home = str(self._scratch)
        return {
            "HOME": home,
            "TMPDIR": home,
            "XDG_CONFIG_HOME": home,
            # Shared by all browsers of this machine: a cold font cache costs a quarter of a second.
            "XDG_CACHE_HOME": str(files.executable.parent / "cache"),
            "LD_LIBRARY_PATH": str(files.libraries),
            "FONTCONFIG_FILE": str(files.fonts_conf),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
        }

    def await_start(self) -> None:
        """Wait until it answers.

        Raises:
            BrowserCrashed: If a signal ended it, which may not happen again.
            BrowserUnavailable: If it does not; the message holds the loader's words about a missing library.
        """
        try:
            self.connection.call("Browser.getVersion", timeout_s=_START_S)
        except (BrowserCrashed, CallOverdue) as error:
            killed = isinstance(error, BrowserCrashed) and self._was_killed()
            self.close()
            if killed:
                raise BrowserCrashed("the browser was ended by a signal while it started") from error
            raise BrowserUnavailable(_why(self._stderr), stderr=list(self._stderr)[-3:]) from error
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(self.pid, resource.RLIMIT_CORE, (0, 0))

    def _was_killed(self) -> bool:
        """Of a browser whose pipe is closed: its end is a moment away at most."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(1) < 0
        return False

    def explain(self, error: BrowserCrashed) -> BrowserCrashed | CompositionTooHeavy:
        """What a browser's end was about."""
        if self._too_heavy:
            return CompositionTooHeavy(
                f"the page wants more than the {self._limit_bytes // 2**20} MB that a browser may hold"
            )
        return BrowserCrashed(error.message, stderr=list(self._stderr)[-3:])

    def effort(self) -> int | None:
        """Tenths of a second that all of its processes have computed; None while one of them does, or waits to."""
        return group_effort(self.pid)

    def _drain(self) -> None:
        """A full pipe would block it."""
        if self._process.stderr is None:
            raise ValueError("stderr is not a pipe")
        with self._process.stderr as pipe:
            while line := pipe.readline(4096):
                self._stderr.append(line.decode(errors="replace").rstrip())

    def _watch(self) -> None:
        while not self._ended.wait(_WATCH_S):
            if group_bytes(self.pid) > self._limit_bytes:
                self._too_heavy = True
                self._kill()
                return

    def _kill(self) -> None:
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """End it. A second call does nothing."""
        if self._ended.is_set():
            return
        self._ended.set()
        self._kill()
        self._process.wait()
        self.connection.close()
        # A process of the group may be writing still while it dies.
        give_up = time.monotonic() + _END_S
        while self._scratch.exists() and time.monotonic() < give_up:
            shutil.rmtree(self._scratch, ignore_errors=True)


def _why(stderr: deque[str]) -> str:
    missing = next((line for line in stderr if "error while loading shared libraries" in line), "")
    if missing:
        library = missing.rpartition("libraries: ")[2].partition(":")[0]
        return f"the browser needs {library}, which this machine lacks; build the layer again with: make layers"
    return "the browser does not start"


def group_effort(group: int) -> int | None:
    """Tenths of a second of processor time of a process group; None unless every thread of it sleeps."""
    ticks = 0
    for process in members(group):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
            for thread in (process / "task").iterdir():
                fields = _stat(thread / "stat")
                if fields[0] not in "SZX":
                    return None
                ticks += int(fields[11]) + int(fields[12])
    return ticks * 10 // os.sysconf("SC_CLK_TCK")


def _stat(path: Path) -> list[str]:
    """Behind the name: the state, the parent, the group, ..., proc(5)."""
    return path.read_text().rpartition(")")[2].split()


def group_bytes(group: int) -> int:
    """Anonymous and shared memory that a process group holds; what several share counts several times."""
    total_kib = 0
    for process in members(group):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
            for line in (process / "status").read_text().splitlines():
                if line.startswith(("RssAnon:", "RssShmem:")):
                    total_kib += int(line.split()[1])
    return total_kib * 1024
