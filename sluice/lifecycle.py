"""`sluice up` and `sluice down`, as other code may call them: start, find, refresh and stop the local AWS of a home."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from sluice.access import ACCESS_SETTINGS
from sluice.clients import clients_of
from sluice.facts import Facts, SupervisorLock, read_facts, write_facts
from sluice.failure import EmulatorFailed, OperatorError
from sluice.keys import development_key
from sluice.paths import IMPORTED_FROM, Local
from sluice.processes import clean_environ, end, end_strays
from sluice.report import Report
from sluice.rollout import ENCODING_SETTINGS, Preparation, roll_out
from sluice.supervisor import Supervisor

_READY_S = 600.0
_STOP_S = 30.0
_POLL_S = 0.05
# How long a supervisor that holds the lock may take to say that it is there.
_APPEAR_S = 10.0
# Supervisors that this process started and that outlive their callers: kept, since a Popen that is dropped while its
# process runs is taken for a mistake.
_detached: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True, slots=True)
class Running:
    """A local AWS that answers."""

    url: str
    api_key: str
    already_running: bool


def _running(local: Local, facts: Facts, *, already_running: bool) -> Running:
    return Running(facts.url, development_key(local.home), already_running)


def _await_ready(local: Local) -> Facts:
    """Wait for a supervisor that another command is starting."""
    deadline = time.monotonic() + _READY_S
    last_seen = time.monotonic()
    while time.monotonic() < deadline:
        facts = read_facts(local.home)
        if facts is not None and facts.ready:
            return facts
        if facts is not None:
            last_seen = time.monotonic()
        elif time.monotonic() - last_seen > _APPEAR_S:
            raise EmulatorFailed(f"the other sluice up ended too soon; its log is {local.home.supervisor_log}")
        time.sleep(_POLL_S)
    raise EmulatorFailed("another sluice up of this home is not getting ready; run: sluice down")


def refresh(local: Local, report: Report) -> Running:
    """Find the running local AWS and deploy into it what has changed since."""
    facts = _await_ready(local)
    found = replace(local, origin_port=facts.origin_port, gateway_port=facts.gateway_port)
    deployment = roll_out(found, clients_of(found), Preparation(found), report)
    if deployment.fingerprint != facts.fingerprint:
        write_facts(local.home, replace(facts, fingerprint=deployment.fingerprint))
        os.kill(facts.pid, signal.SIGUSR1)
    return _running(local, facts, already_running=True)


def up_in_foreground(local: Local, report: Report, announce: Callable[[Running], None]) -> None:
    """Serve until a signal, or, when one runs already, bring that up to date and return.

    Args:
        announce: Called once the API answers.
    """
    lock = SupervisorLock(local.home)
    if not lock.take():
        lock.free()
        announce(refresh(local, report))
        return
    try:
        Supervisor(local, report, lambda facts: announce(_running(local, facts, already_running=False))).run()
    finally:
        lock.free()


def up_detached(local: Local, report: Report) -> Running:
    """Start a supervisor of its own session and return when the API answers, or find the running one.

    Raises:
        OperatorError: What the supervisor said when it could not start.
    """
    if read_facts(local.home) is not None:
        return refresh(local, report)
    local.home.log.mkdir(parents=True, exist_ok=True)
    offset = 0
    with local.home.supervisor_log.open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "sluice", "up", "--child"],
            env=clean_environ(
                SLUICE_PROJECT=str(local.project.root),
                SLUICE_HOME=str(local.home.root),
                SLUICE_PORT=str(local.origin_port),
                SLUICE_GATEWAY_PORT=str(local.gateway_port),
                PYTHONPATH=str(IMPORTED_FROM),
                **{name: os.environ[name] for name in (*ENCODING_SETTINGS, *ACCESS_SETTINGS) if name in os.environ},
            ),
            cwd=local.project.root,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _detached.append(child)
    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline:
        offset = _relay(local, report, offset)
        facts = read_facts(local.home)
        if facts is not None and facts.ready and facts.pid == child.pid:
            _relay(local, report, offset)
            return _running(local, facts, already_running=False)
        if child.poll() == 0:
            # Two commands at once: the other one's supervisor was first, and ours has found it.
            return refresh(local, report)
        if child.poll() is not None:
            raise OperatorError(_last_words(local))
        time.sleep(_POLL_S)
    child.terminate()
    raise EmulatorFailed(f"the local AWS was not ready within {_READY_S:.0f} s; its log is {local.home.supervisor_log}")


def _relay(local: Local, report: Report, offset: int) -> int:
    """Pass on what the supervisor has reported since."""
    with local.home.supervisor_log.open("rb") as log:
        log.seek(offset)
        said = log.read()
    whole = said[: said.rfind(b"\n") + 1]
    for line in whole.decode(errors="replace").splitlines():
        if line and not line.startswith("sluice: "):
            report.line(line)
    return offset + len(whole)


def _last_words(local: Local) -> str:
    lines = local.home.supervisor_log.read_text(errors="replace").strip().splitlines()
    return lines[-1].removeprefix("sluice: ") if lines else "the supervisor ended without a word"


def down(local: Local) -> int:
    """Stop the local AWS of this home; returns how many processes had to be ended.

    Safe to call when nothing runs. Leaves no process behind.
    """
    ended = 0
    facts = read_facts(local.home)
    if facts is not None:
        end([facts.process], grace_s=_STOP_S)
        ended += 1
    return ended + end_strays(local.home.root)
