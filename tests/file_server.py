"""A server of one file on loopback, which a test can make behave like any of those out there."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

_BLOCK = 32 * 1024


@dataclass
class Behaviour:
    """Attributes:
    cuts: After how many bytes each next answer breaks off; none is left, none breaks off.
    status: Of every answer, if not the right one.
    redirect: Where to send every request but those of /file.
    validator: Whether there are ETag and ranges.
    announces: Whether there is a Content-Length.
    pause_s: Between blocks.
    asked: The Range header of each request, None without one.
    headers: Further ones of each answer.
    """

    data: bytes
    cuts: list[int] = field(default_factory=list)
    status: int | None = None
    redirect: str | None = None
    validator: bool = True
    announces: bool = True
    pause_s: float = 0
    asked: list[str | None] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.data).hexdigest()[:16]}"'


class FileServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, behaviour: Behaviour) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behaviour = behaviour

    def url(self, path: str = "/films/clip.mp4") -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"


class _Handler(BaseHTTPRequestHandler):
    server: FileServer

    def do_GET(self) -> None:
        how = self.server.behaviour
        how.asked.append(self.headers.get("Range"))
        if how.redirect is not None and not self.path.startswith("/file"):
            self._head(302, {"Location": how.redirect, "Content-Length": "0"})
            return
        if how.status is not None:
            self._head(how.status, {"Content-Length": "0"})
            return
        start = self._start(how)
        known = {"ETag": how.etag, "Accept-Ranges": "bytes"} if how.validator else {}
        length = {"Content-Length": str(len(how.data) - start)} if how.announces else {}
        whole = f"bytes {start}-{len(how.data) - 1}/{len(how.data)}"
        self._head(206 if start else 200, {**known, **length, **({"Content-Range": whole} if start else {})})
        end = min(len(how.data), start + how.cuts.pop(0)) if how.cuts else len(how.data)
        for at in range(start, end, _BLOCK):
            self.wfile.write(how.data[at : min(at + _BLOCK, end)])
            if how.pause_s:
                time.sleep(how.pause_s)
        self.close_connection = True

    def _start(self, how: Behaviour) -> int:
        asked = self.headers.get("Range", "")
        same = self.headers.get("If-Range") in (None, how.etag)
        return int(asked.removeprefix("bytes=").rstrip("-")) if asked and same and how.validator else 0

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, **self.server.behaviour.headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[FileServer]:
    with FileServer(behaviour) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()
