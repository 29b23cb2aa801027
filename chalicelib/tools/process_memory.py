"""Reading the memory of a child process, where the kernel allows it.

Two ways, because a sandbox may forbid one: process_vm_readv copies once; /proc/<pid>/mem copies page by page, which
takes three times as long.
"""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from pathlib import Path

_READ = getattr(ctypes.CDLL(None, use_errno=True), "process_vm_readv", None)


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


def members(group: int) -> list[Path]:
    """The folders in /proc of a process group. The kernel is asked for each number: opening a file of each process of
    a busy machine, twice a second, takes a hundredth of a processor."""
    found = []
    for name in os.listdir("/proc"):  # noqa: PTH208
        if name.isdigit():
            with suppress(OSError):  # it has ended
                if os.getpgid(int(name)) == group:
                    found.append(Path("/proc", name))
    return found


def find_child(group: int, kind: str) -> int | None:
    """The process of a browser's process group that was started with --type=`kind`."""
    for folder in members(group):
        with suppress(OSError):
            # Chromium writes its children's arguments anew, with spaces between them.
            if f"--type={kind}" in (folder / "cmdline").read_text().replace("\0", " ").split():
                return int(folder.name)
    return None


def memory_map(pid: int) -> str:
    """Raises OSError if it may not be seen."""
    return Path(f"/proc/{pid}/maps").read_text()


def read_memory(pid: int, address: int, target: bytearray) -> bool:
    """Fill `target` from another process; whether the kernel let us, and all of it was there."""
    return _read_at_once(pid, address, target) or _read_by_pages(pid, address, target)


def _read_at_once(pid: int, address: int, target: bytearray) -> bool:
    if _READ is None:
        return False
    view = (ctypes.c_char * len(target)).from_buffer(target)
    ours, theirs = _Vector(ctypes.addressof(view), len(target)), _Vector(address, len(target))
    done = _READ(pid, ctypes.byref(ours), ctypes.c_ulong(1), ctypes.byref(theirs), ctypes.c_ulong(1), ctypes.c_ulong(0))
    return bool(done == len(target))


def _read_by_pages(pid: int, address: int, target: bytearray) -> bool:
    try:
        memory = os.open(f"/proc/{pid}/mem", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.preadv(memory, [target], address) == len(target)
    except OSError:
        return False
    finally:
        os.close(memory)
