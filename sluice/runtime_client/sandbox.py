"""The sandbox of one execution environment: it starts the runtime and answers for everything the runtime starts.

The emulator runs it in place of a custom runtime's `bootstrap`. It decides three things, and only these:

- who dies with it: every descendant, whatever process group or session it moved to. The sandbox is the subreaper of
  its tree, so nothing leaves the tree by losing its parent.
- when: on SIGTERM (the function timed out, was updated, or the emulator stops), when the runtime ends, and when the
  emulator is gone.
- how much memory the tree may hold: the function's MemorySize, counted as Lambda does, resident anonymous memory of
  all processes together. Above it the largest process is killed, as the kernel of a micro VM would do. A virtual
  limit (RLIMIT_DATA) would count thread stacks and arenas that are never touched, and count each process alone.

Invariant: when the sandbox has ended, no process that it started is alive.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import select
import shutil
import signal
import sys
import tempfile
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
# Lambda's own limit on open files.
_OPEN_FILES = 1024
# How often memory is measured: while the runtime works or has children, and while it sleeps alone.
_BUSY_S = 0.1
_IDLE_S = 0.5
_COLLECT_S = 0.002
_KERNEL_LISTS_CHILDREN = Path(f"/proc/self/task/{os.getpid()}/children").exists()


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def _stat(pid: int) -> list[str]:
    """Fields of /proc/<pid>/stat from the third on (state, parent, ...); empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _listed_children(pid: int) -> list[int]:
    """Children of `pid` as a kernel with CONFIG_PROC_CHILDREN lists them, thread by thread."""
    found: list[int] = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                found += map(int, (task / "children").read_text().split())
    return found


def _scanned_children() -> dict[int, list[int]]:
    """Children of every process; reads one file of each, which takes milliseconds."""
    found: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208  three times as quick as Path.iterdir
        if name.isdigit() and (fields := _stat(int(name))):
            found.setdefault(int(fields[1]), []).append(int(name))
    return found


def descendants(pid: int) -> list[int]:
    """Every descendant of `pid`, zombies left out, parents before children."""
    scanned = None if _KERNEL_LISTS_CHILDREN else _scanned_children()
    found: list[int] = []
    queue = [pid]
    while queue:
        parent = queue.pop(0)
        nearest = _listed_children(parent) if scanned is None else scanned.get(parent, [])
        queue += nearest
        found += [child for child in nearest if (fields := _stat(child)) and fields[0] != "Z"]
    return found


def _newest_pid() -> str:
    """The number of the process that was started last on this machine."""
    return Path("/proc/loadavg").read_text().rpartition(" ")[2]


def cpu_ticks(pid: int) -> int:
    """CPU time that `pid` itself has used, in clock ticks."""
    fields = _stat(pid)
    return int(fields[11]) + int(fields[12]) if fields else 0


def resident_bytes(pid: int) -> int:
    """Anonymous and shared memory that `pid` holds in RAM; 0 when it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    total_kib = 0
    for line in status.splitlines():
        name, _, rest = line.partition(":")
        if name in ("RssAnon", "RssShmem"):
            total_kib += int(rest.split()[0])
    return total_kib * 1024


def _reap() -> tuple[dict[int, int], bool]:
    """Collect children that have ended: their wait statuses by process id, and whether any child is left."""
    ended: dict[int, int] = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended, False
        if pid == 0:
            return ended, True
        ended[pid] = status


def end_tree() -> None:
    """Kill every descendant; returns when each is dead and collected.

    An orphan becomes a child of the subreaper, so none is left once there is no child.
    """
    while True:
        for pid in descendants(os.getpid()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if not _reap()[1]:
            return
        select.select([], [], [], _COLLECT_S)


def _start_runtime(runtime: str, tmp: str) -> int:
    """Start the runtime in a process group of its own; it dies with the sandbox. Returns its process id."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SLUICE_LOCAL_")}
    environ["SLUICE_LOCAL_HOME"] = os.environ["SLUICE_LOCAL_HOME"]
    environ["SLUICE_LOCAL_CLIENT"] = os.environ["SLUICE_LOCAL_CLIENT"]
    environ["TMPDIR"] = tmp
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))
        os.execve(sys.executable, [sys.executable, "-I", "-S", runtime], environ)  # noqa: S606  that is the point
    return pid


def _watch(runtime_pid: int, emulator_pid: int, limit_bytes: int) -> int:
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    os.set_blocking(wake_read, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    try:
        emulator = os.pidfd_open(emulator_pid)
    except ProcessLookupError:
        return 1
    poll = select.poll()
    poll.register(wake_read, select.POLLIN)
    poll.register(emulator, select.POLLIN)
    busy, ticks, newest = True, 0, ""
    while True:
        ended, _ = _reap()
        if runtime_pid in ended:
            return os.waitstatus_to_exitcode(ended[runtime_pid]) & 0xFF
        events = dict(poll.poll((_BUSY_S if busy else _IDLE_S) * 1000))
        if emulator in events:
            return 1
        if wake_read in events:
            received = os.read(wake_read, 512)
            if signal.SIGTERM in received or signal.SIGINT in received:
                return 128 + signal.SIGTERM
        before = (ticks, newest)
        ticks, newest = cpu_ticks(runtime_pid), _newest_pid()
        # An environment in which nothing has happened since need not be measured again.
        if busy or (ticks, newest) != before:
            busy = _enforce(limit_bytes) > 1 or ticks != before[0]


def _enforce(limit_bytes: int) -> int:
    """Kill the largest process when the tree holds more than its limit; returns how many processes there are."""
    sizes = {pid: resident_bytes(pid) for pid in descendants(os.getpid())}
    total = sum(sizes.values())
    if total > limit_bytes:
        largest = max(sizes, key=lambda pid: sizes[pid])
        held = f"{total // 2**20} MB held, {limit_bytes // 2**20} MB allowed"
        print(f"memory limit: {held}; process {largest} killed", flush=True)
        with contextlib.suppress(ProcessLookupError):
            os.kill(largest, signal.SIGKILL)
    return len(sizes)


def main() -> None:
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    limit_bytes = int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]) * 2**20
    tmp_parent = os.environ["SLUICE_LOCAL_TMP"]
    Path(tmp_parent).mkdir(parents=True, exist_ok=True)
    tmp = tempfile.mkdtemp(prefix=os.environ["AWS_LAMBDA_FUNCTION_NAME"][:40] + "-", dir=tmp_parent)
    code = 1
    try:
        runtime_pid = _start_runtime(os.environ["SLUICE_LOCAL_RUNTIME"], tmp)
        code = _watch(runtime_pid, int(os.environ["SLUICE_LOCAL_EMULATOR_PID"]), limit_bytes)
    finally:
        end_tree()
        shutil.rmtree(tmp, ignore_errors=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
