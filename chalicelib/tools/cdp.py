"""A client of the DevTools protocol over --remote-debugging-pipe=cbor: no socket, no port, no package.

Invariants: each call has a time limit; an event reaches its handler while something is waited for, in the order in
which it came; Chromium ends by itself when this process does, because the pipe closes.
"""

from __future__ import annotations

import fcntl
import os
import select
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from chalicelib.errors import BrowserCrashed
from chalicelib.tools import cbor
from chalicelib.tools.splicing import SplicedPipe

_F_SETPIPE_SZ = 1031
# A frame fits: without it the browser waits for the reader several times a frame.
_PIPE_BYTES = 1 << 20

Handler = Callable[[Mapping[str, Any], str], None]


class ProtocolRefused(Exception):
    """Chromium refused a call of ours."""


class CallOverdue(Exception):
    """A call was not answered in the time that its caller gave it."""


def make_pipe() -> tuple[int, int]:
    """The reading and the writing end of a wide pipe; neither is inherited by a child unless it is told to."""
    reading, writing = os.pipe()
    with suppress(OSError):  # an unprivileged process may own only so many pages of pipes
        fcntl.fcntl(writing, _F_SETPIPE_SZ, _PIPE_BYTES)
    return reading, writing


class Connection:
    """One browser at the other end of two pipes."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading, self._writing = reading, writing
        self._spliced = SplicedPipe(writing)
        os.set_blocking(reading, False)
        self._received = bytearray()
        self._last_id = 0
        self._answers: dict[int, dict[str, Any]] = {}
        self._handlers: dict[str, Handler] = {}

    def on(self, event: str, handler: Handler) -> None:
        """Have `handler` called with the parameters and the session of each such event. It may send, but not wait."""
        self._handlers[event] = handler

    def send(self, method: str, parameters: Mapping[str, Any] | None = None, session: str = "") -> int:
        """Returns the number by which the answer is asked for, once."""
        self._last_id += 1
        message: dict[str, Any] = {"id": self._last_id, "method": method, "params": parameters or {}}
        if session:
            message["sessionId"] = session
        try:
            for piece in cbor.encode(message):
                self._spliced.write(piece)
        except BrokenPipeError as error:
            raise BrowserCrashed("the browser has ended") from error
        return self._last_id

    def answer(self, number: int, *, timeout_s: float) -> dict[str, Any]:
        """The answer to a call, waited for.

        Raises:
            CallOverdue: If it does not come in time; it is dropped then, should it come later.
            ProtocolRefused: If it is an error.
            BrowserCrashed: If the browser ends meanwhile.
        """
        overdue = time.monotonic() + timeout_s
        while number not in self._answers:
            left = overdue - time.monotonic()
            if left <= 0:
                raise CallOverdue
            self.pump(left)
        message = self._answers.pop(number)
        if "error" in message:
            raise ProtocolRefused(str(message["error"].get("message", "")))
        result: dict[str, Any] = message["result"]
        return result

    def call(
        self, method: str, parameters: Mapping[str, Any] | None = None, session: str = "", *, timeout_s: float
    ) -> dict[str, Any]:
        """`send` and `answer` in one."""
        return self.answer(self.send(method, parameters, session), timeout_s=timeout_s)

    def answered(self, number: int) -> bool:
        """Whether the answer is there already."""
        return number in self._answers

    def pump(self, timeout_s: float) -> None:
        """Take in what comes within `timeout_s`, and return as soon as something came.

        Raises:
            BrowserCrashed: If the browser has ended.
        """
        if not select.select([self._reading], [], [], timeout_s)[0]:
            return
        data = os.read(self._reading, _PIPE_BYTES)
        if not data:
            raise BrowserCrashed("the browser has ended")
        self._received += data
        while len(self._received) >= cbor.ENVELOPE_HEADER_BYTES:
            size = cbor.message_bytes(self._received)
            if len(self._received) < size:
                return
            message = cbor.decode(bytes(self._received[:size]))
            del self._received[:size]
            self._take(message)

    def _take(self, message: dict[str, Any]) -> None:
        if "id" in message:
            self._answers[message["id"]] = message
            return
        handler = self._handlers.get(message["method"])
        if handler:
            handler(message.get("params", {}), message.get("sessionId", ""))

    def close(self) -> None:
        os.close(self._reading)
        os.close(self._writing)
