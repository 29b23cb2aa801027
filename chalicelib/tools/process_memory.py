"""Reading the memory of a child process, where the kernel allows it.

Two ways, because a sandbox may forbid one: process_vm_readv copies once; /proc/<pid>/mem copies page by page, which
takes three times as long. Either writes into the bytes that are given out: what would copy them once more takes a
millisecond for a picture of 8 MB.
"""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from pathlib import Path

from chalicelib.tools.libc import PROCESS_VM_READV, Vector, address_of, new_bytes


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


def read_memory(pid: int, address: int, size: int) -> bytes | None:
    """So many bytes of another process; None if the kernel does not let us, or not all of them are there."""
    found = new_bytes(size)
    target = address_of(found)
    return found if _read_at_once(pid, address, target, size) or _read_by_pages(pid, address, target, size) else None


def _read_at_once(pid: int, address: int, target: int, size: int) -> bool:
    if PROCESS_VM_READV is None:
        return False
    ours, theirs = ctypes.byref(Vector(target, size)), ctypes.byref(Vector(address, size))
    one = ctypes.c_ulong(1)
    return bool(PROCESS_VM_READV(pid, ours, one, theirs, one, ctypes.c_ulong(0)) == size)


def _read_by_pages(pid: int, address: int, target: int, size: int) -> bool:
    try:
        memory = os.open(f"/proc/{pid}/mem", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.preadv(memory, [(ctypes.c_char * size).from_address(target)], address) == size
    except OSError:
        return False
    finally:
        os.close(memory)
