"""A deployment that renders at once, as the command line sees it: the API's answers and the storage behind them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from sluice.api_client import Api, ApiRefused, Json
from sluice.failure import OperatorError


class FakeDeployment(Api):
    """Renders go through `script`, one status each time they are looked at.

    Attributes:
        storage_url: Where archives are put and videos are fetched.
        asked: The body of every render.
        cancelled: Ids.
        refusals: Raised, one each time a render is looked at, before it is shown.
    """

    def __init__(self, storage_url: str, script: tuple[str, ...] = ("rendering", "succeeded")) -> None:
        super().__init__("http://deployment.test", "sk_test")
        self.storage_url = storage_url
        self.script = script
        self.stored: set[str] = set()
        self.asked: list[Json] = []
        self.cancelled: list[str] = []
        self.output_size = 5
        self.refusals: list[OperatorError] = []
        self._renders: dict[str, Json] = {}
        self._looked: dict[str, int] = {}

    def create_site(self, *, sha256: str, size_bytes: int) -> Json:
        known = sha256 in self.stored
        self.stored.add(sha256)
        upload = {"url": f"{self.storage_url}/{sha256}", "headers": {"x-amz-checksum-sha256": "sum"}}
        return {"id": f"st_{sha256}", "sha256": sha256, "size": size_bytes, "upload": None if known else upload}

    def create_render(self, body: Json) -> Json:
        if body.get("fps") == 0:
            raise ApiRefused("fps: no such rate (invalid-request)", status=422, code="invalid-request")
        self.asked.append(body)
        render_id = f"rn_{len(self.asked)}"
        self._renders[render_id] = {
            "id": render_id,
            "status": "queued",
            "progress": {"percent": 0, "frames_done": 0, "frames_total": 0},
            "errors": [],
            "cost": {"accrued_usd": 0.01},
            "output": None,
            "webhook_id": "wh_1" if "webhook" in body else None,
        }
        begun = copy.deepcopy(self._renders[render_id])
        return {**begun, "webhook_secret": "whsec_1" if "webhook" in body else None}

    def render(self, render_id: str) -> Json:
        if self.refusals:
            raise self.refusals.pop(0)
        render = self._renders[render_id]
        if render["status"] not in ("succeeded", "failed", "cancelled"):
            step = self._looked.get(render_id, 0)
            self._looked[render_id] = step + 1
            render["status"] = self.script[min(step, len(self.script) - 1)]
        if render["status"] == "succeeded":
            render["output"] = {"url": f"{self.storage_url}/video", "size": self.output_size}
        if render["status"] == "failed":
            render["errors"] = [{"code": "invalid-project", "message": "no page"}]
        return copy.deepcopy(render)

    def cancel_render(self, render_id: str) -> Json:
        self.cancelled.append(render_id)
        self._renders[render_id]["status"] = "cancelled"
        return copy.deepcopy(self._renders[render_id])


class Storage:
    """What was put, with its headers; every GET gives `video`."""

    def __init__(self) -> None:
        self.put: list[tuple[str, bytes, str | None]] = []
        self.video = b"video"
        self.url = ""


@contextmanager
def storage() -> Iterator[Storage]:
    """A server on loopback, for as long as the block lasts."""
    kept = Storage()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.put.append((self.path, body, self.headers.get("x-amz-checksum-sha256")))
            self.send_response(200)
            self.send_header("ETag", '"e"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(kept.video)))
            self.end_headers()
            self.wfile.write(kept.video)

        def log_message(self, format: str, *args: object) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
