"""Calls of Linux that Python has no words for, and the places in memory that they want.

Either may be None: the C library lacks it. The kernel may refuse either, for a sandbox may forbid it.
"""

from __future__ import annotations

import ctypes

_LIBRARY = ctypes.CDLL(None, use_errno=True)
_NEW_BYTES = ctypes.pythonapi.PyBytes_FromStringAndSize
_NEW_BYTES.argtypes, _NEW_BYTES.restype = (ctypes.c_char_p, ctypes.c_ssize_t), ctypes.py_object

PROCESS_VM_READV = getattr(_LIBRARY, "process_vm_readv", None)
VMSPLICE = getattr(_LIBRARY, "vmsplice", None)
for _call in filter(None, (PROCESS_VM_READV, VMSPLICE)):
    _call.restype = ctypes.c_ssize_t


class Vector(ctypes.Structure):
    """struct iovec."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


def new_bytes(size: int) -> bytes:
    """Bytes that are to be filled from outside before anybody else sees them, which is Python's own way to make some.

    Args:
        size: At least 2: shorter ones are shared.
    """
    made: bytes = _NEW_BYTES(None, size)
    return made


def address_of(data: bytes) -> int:
    """Where they are, as long as they are."""
    return ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value or 0
