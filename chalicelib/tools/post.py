"""One POST to a stranger's server, which may be slow, lie about its address, or answer without end.

The connection is one of `pinned.py`. No redirect, no cookie. The answer's body is read up to MAX_ANSWER_BYTES and
thrown away: nothing of it comes back to whoever chose the URL but its status.

Time: a timer shuts the socket down at the deadline, because a server that sends a byte now and then never runs into a
timeout of a single read. (During the TLS handshake, only those timeouts hold.)
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Timer

from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as UrllibTimeout

from chalicelib.catalog.target import Target, UnfitTarget, parse_target
from chalicelib.tools.pinned import NoConnection, Resolve, connected, resolve

TIMEOUT_S = 10.0
MAX_ANSWER_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Outcome:
    """Either the status of an answer, or a word for why there was none."""

    status_code: int | None
    error: str | None
    duration_ms: int


class Post:
    """Attributes:
    loopback: Whether this very machine may be posted to.
    ca_file: Certificates to trust instead of the system's.
    """

    def __init__(
        self,
        *,
        loopback: bool = False,
        ca_file: str | None = None,
        resolve: Resolve = resolve,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._loopback = loopback
        self._ca_file = ca_file
        self._resolve = resolve
        self._timeout_s = timeout_s

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """Never raises for anything that the other side does."""
        started = time.monotonic()

        def outcome(status_code: int | None, error: str | None = None) -> Outcome:
            return Outcome(status_code, error, round((time.monotonic() - started) * 1000))

        deadline = started + self._timeout_s
        try:
            target = parse_target(url, loopback=self._loopback)
            with connected(
                target, resolve=self._resolve, loopback=self._loopback, ca_file=self._ca_file, deadline=deadline
            ) as connection:
                return outcome(_exchange(connection, target, body, headers, deadline))
        except UnfitTarget:
            return outcome(None, "address-refused")
        except NoConnection as error:
            return outcome(None, error.word)


def _exchange(
    connection: HTTPConnection, target: Target, body: bytes, headers: Mapping[str, str], deadline: float
) -> int:
    """Send the request and return the status of the answer."""
    left_s = deadline - time.monotonic()
    raw = connection.sock
    if left_s <= 0 or raw is None:
        raise NoConnection("timeout")
    raw.settimeout(left_s)
    timer = Timer(left_s, _shut, [raw])
    timer.daemon = True
    timer.start()
    try:
        sent = {**headers, "Host": target.authority, "Connection": "close"}
        connection.request("POST", target.path, body=body, headers=sent, preload_content=False)
        answer = connection.getresponse()
        if time.monotonic() >= deadline:
            raise NoConnection("timeout")  # the head was cut off, not sent to its end
        with contextlib.suppress(HTTPError, http.client.HTTPException, OSError):
            # Read, so that the other side sees its answer taken; what it says does not matter, nor how it ends.
            answer.read(MAX_ANSWER_BYTES, decode_content=False)
        return answer.status
    except (HTTPError, http.client.HTTPException, OSError, ValueError) as error:
        late = time.monotonic() >= deadline or isinstance(error, (TimeoutError, UrllibTimeout))
        raise NoConnection("timeout" if late else "no-answer") from error
    finally:
        timer.cancel()


def _shut(raw: socket.socket) -> None:
    # Not the method of an SSLSocket, which would take the TLS state away from under the thread that reads.
    with contextlib.suppress(OSError):
        socket.socket.shutdown(raw, socket.SHUT_RDWR)
