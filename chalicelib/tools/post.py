"""One POST to a stranger's server, which may be slow, lie about its address, or answer without end.

The name is resolved once, every address it has is checked, and the connection is made to an address that was checked;
TLS and the Host header still speak of the name. No proxy, no redirect, no cookie, no kept connection. The answer's body
is read up to MAX_ANSWER_BYTES and thrown away: nothing of it comes back to whoever chose the URL but its status.

Time: a timer shuts the socket down at the deadline, because a server that sends a byte now and then never runs into a
timeout of a single read. (During the TLS handshake, only those timeouts hold.)
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Timer

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.exceptions import TimeoutError as UrllibTimeout
from urllib3.util.ssl_match_hostname import CertificateError

from chalicelib.catalog.target import Target, UnfitTarget, may_connect, parse_target

TIMEOUT_S = 10.0
CONNECT_TIMEOUT_S = 3.0
MAX_ANSWER_BYTES = 16 * 1024
MAX_ADDRESSES = 3

Resolve = Callable[[str, int], list[str]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Either the status of an answer, or a word for why there was none."""

    status_code: int | None
    error: str | None
    duration_ms: int


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, those of IPv4 first: a function outside a VPC has no route for the others.

    Raises:
        OSError: If it has none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = dict.fromkeys(str(entry[4][0]) for entry in found)
    return sorted(addresses, key=lambda address: ":" in address)


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

        try:
            target = parse_target(url, loopback=self._loopback)
            addresses = self._resolve(target.host, target.port)
        except UnfitTarget:
            return outcome(None, "address-refused")
        except OSError:
            return outcome(None, "name-not-found")
        if not addresses or not all(may_connect(target, each, loopback=self._loopback) for each in addresses):
            return outcome(None, "address-refused")
        deadline = started + self._timeout_s
        error = "no-connection"
        for address in addresses[:MAX_ADDRESSES]:
            with contextlib.closing(self._connection(target, address, deadline)) as connection:
                try:
                    _connect(connection)
                except _Failed as failed:
                    error = failed.word
                    continue
                try:
                    return outcome(_exchange(connection, target, body, headers, deadline))
                except _Failed as failed:
                    return outcome(None, failed.word)
        return outcome(None, error)

    def _connection(self, target: Target, address: str, deadline: float) -> HTTPConnection:
        timeout_s = min(CONNECT_TIMEOUT_S, max(0.05, deadline - time.monotonic()))
        if target.scheme == "http":
            return HTTPConnection(address, target.port, timeout=timeout_s)
        return HTTPSConnection(
            address,
            target.port,
            timeout=timeout_s,
            server_hostname=target.host,
            assert_hostname=target.host,
            ca_certs=self._ca_file,
            cert_reqs="CERT_REQUIRED",
        )


class _Failed(Exception):
    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


def _connect(connection: HTTPConnection) -> None:
    try:
        connection.connect()
    except (ssl.SSLError, CertificateError) as error:
        raise _Failed("tls-failed") from error
    except NewConnectionError as error:  # a kind of timeout, by its class
        raise _Failed("no-connection") from error
    except (TimeoutError, UrllibTimeout) as error:
        raise _Failed("timeout") from error
    except (HTTPError, OSError) as error:
        raise _Failed("no-connection") from error


def _exchange(
    connection: HTTPConnection, target: Target, body: bytes, headers: Mapping[str, str], deadline: float
) -> int:
    """Send the request and return the status of the answer."""
    left_s = deadline - time.monotonic()
    raw = connection.sock
    if left_s <= 0 or raw is None:
        raise _Failed("timeout")
    raw.settimeout(left_s)
    timer = Timer(left_s, _shut, [raw])
    timer.daemon = True
    timer.start()
    try:
        sent = {**headers, "Host": target.authority, "Connection": "close"}
        connection.request("POST", target.path, body=body, headers=sent, preload_content=False)
        answer = connection.getresponse()
        if time.monotonic() >= deadline:
            raise _Failed("timeout")  # the head was cut off, not sent to its end
        with contextlib.suppress(HTTPError, http.client.HTTPException, OSError):
            # Read, so that the other side sees its answer taken; what it says does not matter, nor how it ends.
            answer.read(MAX_ANSWER_BYTES, decode_content=False)
        return answer.status
    except (HTTPError, http.client.HTTPException, OSError, ValueError) as error:
        late = time.monotonic() >= deadline or isinstance(error, (TimeoutError, UrllibTimeout))
        raise _Failed("timeout" if late else "no-answer") from error
    finally:
        timer.cancel()


def _shut(raw: socket.socket) -> None:
    # Not the method of an SSLSocket, which would take the TLS state away from under the thread that reads.
    with contextlib.suppress(OSError):
        socket.socket.shutdown(raw, socket.SHUT_RDWR)
