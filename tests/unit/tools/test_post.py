"""The sender of webhooks against servers of every kind, on loopback."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from chalicelib.tools import pinned
from chalicelib.tools.post import MAX_ANSWER_BYTES, Post

BODY = b'{"n":1}'
LOCALHOST = Path(__file__).parents[2] / "fixtures" / "tls" / "localhost.pem"
"""Key and certificate of localhost and of nothing else, signed by itself, for a hundred years."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    status = 204
    headers_sent: dict[str, str]
    got: list[tuple[str, dict[str, str], bytes]]


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, dict(self.headers.items()), body))
        self.send_response(self.server.status)
        for name, value in self.server.headers_sent.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@contextmanager
def _serving(context: ssl.SSLContext | None = None) -> Iterator[_Server]:
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.got, server.headers_sent = [], {}
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


@contextmanager
def _talking(talk: Callable[[socket.socket], None], context: ssl.SSLContext | None = None) -> Iterator[str]:
    """A server that does what `talk` does with one connection, over TLS if there is a context."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def serve() -> None:
            accepted, _ = listening.accept()
            connection = context.wrap_socket(accepted, server_side=True) if context else accepted
            with closing(connection):
                try:
                    talk(connection)
                except OSError:
                    return

        Thread(target=serve, daemon=True).start()
        yield f"http{'s' if context else ''}://localhost:{listening.getsockname()[1]}/"


def _tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(LOCALHOST)
    return context


def test_the_request_arrives_as_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Path, query, headers and body; no proxy is asked, whatever the environment says."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/")
    with _serving() as server:
        url = f"http://localhost:{server.server_port}/in?x=1"
        outcome = Post(loopback=True)(url, BODY, {"webhook-id": "ev_1"})
    assert (outcome.status_code, outcome.error) == (204, None)
    ((path, headers, body),) = server.got
    assert (path, body, headers["Host"]) == ("/in?x=1", BODY, f"localhost:{server.server_port}")
    assert (headers["webhook-id"], headers["Content-Length"]) == ("ev_1", "7")


@pytest.mark.parametrize("status", [200, 301, 302, 307, 404, 410, 500])
def test_the_status_is_the_outcome(status: int) -> None:
    """A redirect is an answer like any other: it is not followed."""
    with _serving() as other, _serving() as server:
        server.status = status
        server.headers_sent = {"Location": f"http://127.0.0.1:{other.server_port}/", "Content-Length": "0"}
        assert Post(loopback=True)(f"http://127.0.0.1:{server.server_port}/", BODY, {}).status_code == status
        assert other.got == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "https://10.0.0.1/", "https://a:b@hooks.example.com/", "x"])
def test_what_may_not_be_reached_is_not_tried(url: str) -> None:
    """Not even resolved."""

    def resolve(*_: object) -> list[str]:
        raise AssertionError("nothing is to be resolved")

    assert Post(resolve=resolve)(url, BODY, {}).error == "address-refused"


@pytest.mark.parametrize("inside", ["127.0.0.1", "10.0.0.7", "169.254.169.254", "::ffff:127.0.0.1", "fd00:ec2::254"])
def test_a_name_that_leads_inside_is_refused(inside: str) -> None:
    """Even if it leads outside as well: every address is checked, and nothing is connected to."""
    with _serving() as server:
        url = "https://hooks.example.com/"
        for addresses in ([inside], ["93.184.216.34", inside]):
            outcome = Post(loopback=True, resolve=lambda *_, found=addresses: found)(url, BODY, {})
            assert outcome.error == "address-refused"
        assert server.got == []


def test_the_checked_address_is_the_one_that_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is resolved once, so that it cannot lead elsewhere a moment later."""
    asked: list[str] = []

    def resolve(host: str, _: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    def never(host: str, *_: Any, **__: Any) -> object:
        assert host == "127.0.0.1", f"{host} was resolved again"
        return real(host, *_, **__)

    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", never)
    with _serving() as server:
        url = f"http://localhost:{server.server_port}/"
        assert Post(loopback=True, resolve=resolve)(url, BODY, {}).status_code == 204
    assert asked == ["localhost"]


def test_what_does_not_answer_has_a_word() -> None:
    """No name, nobody there, no HTTP, and a connection that is closed at once."""

    def unknown(*_: object) -> list[str]:
        raise socket.gaierror("no such name")

    assert Post(resolve=unknown)("https://hooks.example.com/", BODY, {}).error == "name-not-found"
    with closing(socket.create_server(("127.0.0.1", 0))) as gone:
        port = gone.getsockname()[1]
    assert Post(loopback=True)(f"http://127.0.0.1:{port}/", BODY, {}).error == "no-connection"
    with _talking(lambda connection: connection.close()) as url:
        assert Post(loopback=True)(url, BODY, {}).error == "no-answer"
    with _talking(lambda connection: connection.sendall(b"220 mail.example.com\r\n")) as url:
        assert Post(loopback=True)(url, BODY, {}).error == "no-answer"


def _drip(connection: socket.socket, head: bytes) -> None:
    connection.sendall(head)
    for _ in range(200):
        connection.sendall(b"x")
        time.sleep(0.02)


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nX-Slow: "])
def test_a_server_that_never_comes_to_an_end_is_left_at_the_deadline(head: bytes) -> None:
    """Even if it sends a byte now and then: no header ends, no answer."""
    with _talking(lambda connection: _drip(connection, head)) as url:
        outcome = Post(loopback=True, timeout_s=0.3)(url, BODY, {})
    assert (outcome.status_code, outcome.error) in [(None, "timeout"), (None, "no-answer")]
    assert outcome.duration_ms < 3000


def test_a_slow_server_is_left_at_the_deadline_over_tls() -> None:
    """As without it."""
    with _talking(lambda connection: _drip(connection, b"HTTP/1.1 200 OK\r\nX-Slow: "), _tls()) as url:
        outcome = Post(loopback=True, ca_file=str(LOCALHOST), timeout_s=0.3)(url, BODY, {})
    assert (outcome.status_code, outcome.error) == (None, "timeout")
    assert outcome.duration_ms < 3000


def test_an_endless_answer_is_not_read_to_its_end() -> None:
    """Its status counts, and what is read is bounded in bytes and in time."""
    sent = 0

    def flood(connection: socket.socket) -> None:
        nonlocal sent
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        for _ in range(1000):
            connection.sendall(b"x" * 65536)
            sent += 65536

    with _talking(flood) as url:
        assert Post(loopback=True, timeout_s=2)(url, BODY, {}).status_code == 200
    assert sent < 40_000_000
    assert MAX_ANSWER_BYTES < 100_000
    with _talking(lambda connection: _drip(connection, b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n")) as url:
        outcome = Post(loopback=True, timeout_s=0.3)(url, BODY, {})
    assert outcome.status_code == 200
    assert outcome.duration_ms < 3000


def test_tls_is_of_the_name_not_of_the_address() -> None:
    """SNI and the certificate are the name's, though the connection goes to an address; a stranger's is refused."""
    context = _tls()
    asked: list[str | None] = []
    context.sni_callback = lambda _, name, __: asked.append(name)
    trusted = str(LOCALHOST)
    with _serving(context) as server:
        name, address = (f"https://{host}:{server.server_port}/" for host in ("localhost", "127.0.0.1"))
        assert Post(loopback=True, ca_file=trusted)(name, BODY, {}).status_code == 204
        assert Post(loopback=True, ca_file=trusted)(address, BODY, {}).error == "tls-failed"
        assert Post(loopback=True)(name, BODY, {}).error == "tls-failed"
    assert len(server.got) == 1
    assert asked[0] == "localhost"


def test_names_are_resolved_to_addresses_of_ipv4_first() -> None:
    """Each address once."""
    found = pinned.resolve("localhost", 443)
    assert "127.0.0.1" in found
    assert found == sorted(set(found), key=lambda address: ":" in address)
