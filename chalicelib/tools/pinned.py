"""A connection to a stranger's server that cannot be led into our own network.

The name is resolved once, every address it has is checked, and the connection is made to an address that was checked;
TLS and the Host header still speak of the name. No proxy, no kept connection.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.exceptions import TimeoutError as UrllibTimeout
from urllib3.util.ssl_match_hostname import CertificateError

from chalicelib.catalog.target import Target, may_connect

CONNECT_TIMEOUT_S = 3.0
MAX_ADDRESSES = 3

Resolve = Callable[[str, int], list[str]]


class NoConnection(Exception):
    """Why there is none, in a word: "address-refused", "name-not-found", "no-connection", "timeout", "tls-failed"."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, those of IPv4 first: a function outside a VPC has no route for the others.

    Raises:
        OSError: If it has none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = dict.fromkeys(str(entry[4][0]) for entry in found)
    return sorted(addresses, key=lambda address: ":" in address)


@contextmanager
def connected(
    target: Target, *, resolve: Resolve, loopback: bool, ca_file: str | None, deadline: float
) -> Iterator[HTTPConnection]:
    """A connection to the first address of the target that takes one, closed at the end of the block.

    Args:
        ca_file: Certificates to trust instead of the system's.
        deadline: By `time.monotonic()`, for connecting.

    Raises:
        NoConnection: If there is none.
    """
    try:
        addresses = resolve(target.host, target.port)
    except OSError as error:
        raise NoConnection("name-not-found") from error
    if not addresses or not all(may_connect(target, each, loopback=loopback) for each in addresses):
        raise NoConnection("address-refused")
    last = NoConnection("no-connection")
    for address in addresses[:MAX_ADDRESSES]:
        with contextlib.closing(_connection(target, address, ca_file, deadline)) as connection:
            try:
                _connect(connection)
            except NoConnection as error:
                last = error
                continue
            yield connection
            return
    raise last


def _connection(target: Target, address: str, ca_file: str | None, deadline: float) -> HTTPConnection:
    timeout_s = min(CONNECT_TIMEOUT_S, max(0.05, deadline - time.monotonic()))
    if target.scheme == "http":
        return HTTPConnection(address, target.port, timeout=timeout_s)
    return HTTPSConnection(
        address,
        target.port,
        timeout=timeout_s,
        server_hostname=target.host,
        assert_hostname=target.host,
        ca_certs=ca_file,
        cert_reqs="CERT_REQUIRED",
    )


def _connect(connection: HTTPConnection) -> None:
    try:
        connection.connect()
    except (ssl.SSLError, CertificateError) as error:
        raise NoConnection("tls-failed") from error
    except NewConnectionError as error:  # a kind of timeout, by its class
        raise NoConnection("no-connection") from error
    except (TimeoutError, UrllibTimeout) as error:
        raise NoConnection("timeout") from error
    except (HTTPError, OSError) as error:
        raise NoConnection("no-connection") from error
