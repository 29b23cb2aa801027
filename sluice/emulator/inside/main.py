"""Entry of the emulator's process: check the pin, tie its life to the supervisor's, mend, serve."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from importlib.metadata import version
from pathlib import Path

from sluice.emulator.pins import PINS

_PR_SET_PDEATHSIG = 1


def _die_with_supervisor() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != int(os.environ["SLUICE_LOCAL_SUPERVISOR_PID"]):
        sys.exit("the supervisor is gone")


def main() -> None:
    for name, wanted in PINS.items():
        if (found := version(name)) != wanted:
            sys.exit(f"{name} {found} is installed; this Sluice works with {wanted} only")
    _die_with_supervisor()

    from ministack import app

    from sluice.emulator.inside import (
        adoption,
        autosave,
        execution,
        faults,
        multipart,
        object_reads,
        permissions,
        rest_import,
        state_machines,
        throttles,
    )

    object_reads.install()
    multipart.install()
    rest_import.install()
    throttles.install()
    state_machines.install()
    adoption.install()
    execution.install(Path(os.environ["SLUICE_LOCAL_HOME"]))
    autosave.install()
    if path := os.environ.get("SLUICE_EMULATOR_FAULTS"):
        faults.install(Path(path))
    if path := os.environ.get("SLUICE_EMULATOR_PERMISSIONS"):
        permissions.install(Path(path))
    app.main()
