"""A receiver of webhooks on loopback: takes what is signed with its secret, hands it over once, refuses the rest.

An event that comes twice has the same webhook-id; the second one is acknowledged and not handed over.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

from chalicelib.catalog.signature import ID_HEADER, is_genuine

MAX_BODY_BYTES = 1024 * 1024
_READ_S = 10


class Listener(ThreadingHTTPServer):
    """`handle` gets each genuine event; what was refused is counted in `refused`.

    The secret may be set once the server listens: a webhook needs the port before it has a secret.
    """

    daemon_threads = True

    def __init__(self, port: int, handle: Callable[[dict[str, Any]], None]) -> None:
        super().__init__(("127.0.0.1", port), _Receiver)
        self.secret = ""
        self.refused = 0
        self._handle = handle
        self._seen: set[str] = set()
        self._lock = Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"

    def take(self, headers: dict[str, str], body: bytes) -> bool:
        """Whether the body is genuine."""
        with self._lock:
            if not self.secret or not is_genuine(headers, body, self.secret, now_s=int(time.time())):
                self.refused += 1
                return False
            if headers[ID_HEADER] not in self._seen:
                self._seen.add(headers[ID_HEADER])
                self._handle(json.loads(body))
            return True


class _Receiver(BaseHTTPRequestHandler):
    server: Listener
    timeout = _READ_S

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            self._answer(413)
            return
        body = self.rfile.read(int(length))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._answer(204 if self.server.take(headers, body) else 401)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: standard output is for events."""
