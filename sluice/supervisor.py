"""The supervisor: one process that owns the local AWS of a home, from start to the last killed child.

Invariant: when it is gone, by whatever signal, the emulator goes (it dies with its parent), every sandbox goes (it
watches the emulator) and everything that a function started goes (the sandbox ends its tree). What a power cut or a
kill -9 of several of them at once leaves behind, the next `up` or `down` ends first.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from types import FrameType

from sluice import preflight
from sluice.clients import LocalClients, clients_of
from sluice.deploy import Deployment, deployed
from sluice.emulator import venv
from sluice.emulator.process import Emulator
from sluice.facts import Facts, read_facts, write_facts
from sluice.failure import EmulatorFailed, PortTaken
from sluice.keys import development_key
from sluice.origin import Origin
from sluice.paths import Local
from sluice.processes import ProcessId, end_strays
from sluice.report import Report
from sluice.rollout import Preparation, roll_out

_WATCH_S = 0.5
_FIRST_ANSWER_S = 120.0


class Stopped(BaseException):
    """A signal asked us to end. Not an Exception: nothing but the supervisor may catch it."""


def _stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  the signature of a signal handler
    raise Stopped


class Supervisor:
    """Runs in the main thread, to which the emulator's life is tied. Its caller holds the home's lock."""

    def __init__(self, local: Local, report: Report, on_ready: Callable[[Facts], None]) -> None:
        self._local = local
        self._report = report
        self._on_ready = on_ready
        self._emulator: Emulator | None = None
        me = ProcessId.of(os.getpid())
        assert me is not None  # noqa: S101  we are alive
        self._facts = Facts(me.pid, me.started_ticks, local.origin_port, local.gateway_port, ready=False)

    def run(self) -> None:
        """Start everything, serve until a signal, end everything.

        Raises:
            OperatorError: If something could not start, or the emulator ended by itself.
        """
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, _stop)
        # Until there is something to reload; its default would end us.
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        try:
            write_facts(self._local.home, self._facts)
            clients = clients_of(self._local)
            deployment = self._start(clients)
            asyncio.run(self._serve(clients, deployment))
        except Stopped:
            pass
        finally:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            self._end()

    def _start(self, clients: LocalClients) -> Deployment:
        local, report = self._local, self._report
        preflight.check_machine()
        if left := end_strays(local.home.root):
            report.line(f"ended {left} processes that an earlier run had left")
        preflight.check_ports(local)
        preflight.keep_gateway_port(local)
        preparation = Preparation(local)
        if not venv.is_ready(local.emulator_venv):
            preflight.check_venv_module()
            with report.step("install the local AWS"):
                venv.ensure(local.emulator_venv)
        with report.step("start the local AWS"):
            self._emulator = Emulator(local)
            self._emulator.await_ready()
        deployment = roll_out(local, clients, preparation, report)
        self._emulator.save()
        return deployment

    async def _serve(self, clients: LocalClients, deployment: Deployment) -> None:
        origin = Origin(self._local, clients, deployment, development_key(self._local.home))
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, ended.set)
        loop.add_signal_handler(signal.SIGUSR1, self._reload, clients, origin)
        try:
            await origin.start()
        except OSError as error:
            raise PortTaken(
                f"port {self._local.origin_port} was taken meanwhile; run: sluice up --port <another>"
            ) from error
        try:
            with self._report.step("first answer of the API"):
                await asyncio.to_thread(first_answer, self._local)
            self._announce(deployment)
            while not ended.is_set():
                self._check()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), _WATCH_S)
        finally:
            await origin.stop()

    def _announce(self, deployment: Deployment) -> None:
        assert self._emulator is not None  # noqa: S101  _start() ran
        self._facts = replace(
            self._facts, ready=True, emulator_pid=self._emulator.process.pid, fingerprint=deployment.fingerprint
        )
        write_facts(self._local.home, self._facts)
        self._on_ready(self._facts)

    def _reload(self, clients: LocalClients, origin: Origin) -> None:
        """Another `sluice up` has deployed newer code into our emulator; serve that."""
        facts = read_facts(self._local.home)
        if facts is not None and (newer := deployed(clients, facts.fingerprint)) is not None:
            origin.deployment = newer
        if self._emulator is not None:
            self._emulator.save()

    def _check(self) -> None:
        if self._emulator is not None:
            self._emulator.check()

    def _end(self) -> None:
        if self._emulator is not None:
            self._emulator.stop()
        end_strays(self._local.home.root)
        (self._local.home.run / "supervisor.json").unlink(missing_ok=True)


def first_answer(local: Local) -> None:
    """Return when the API answers through the origin; the first call starts its function.

    Raises:
        EmulatorFailed: If it does not.
    """
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + _FIRST_ANSWER_S
    said = "no answer"
    while time.monotonic() < deadline:
        try:
            with opener.open(f"{local.origin_url}/v1/health", timeout=_FIRST_ANSWER_S):
                return
        except urllib.error.HTTPError as error:
            if error.code < 500:
                return
            said = f"{error.code} {error.read(300).decode(errors='replace')}"
        except (urllib.error.URLError, OSError) as error:
            said = str(error)
        time.sleep(0.2)
    raise EmulatorFailed(f"the API does not answer: {said}; see: sluice logs")
