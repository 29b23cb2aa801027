"""The one origin of the local AWS: page, media and API under http://127.0.0.1:8000.

| path                    | served from                                         |
|-------------------------|-----------------------------------------------------|
| /media/...              | the media bucket, streamed, with ranges and 304; of |
|                         | signed assets only behind a token, /media/t/...     |
| /local/config.json      | the development key, for the page on this machine   |
| /web/...                | chalicelib/web/, so that an edit shows at once      |
| /, /embed/..., /v1/...  | the deployed API Gateway stage, byte for byte       |

Invariant: it answers only requests that name this machine as their host, so that no foreign page can reach the API or
the key by pointing its own name at 127.0.0.1 (DNS rebinding).
"""

from __future__ import annotations

import asyncio
import json
import mimetypes
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from aiohttp import ClientConnectionError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, web
from multidict import CIMultiDict
from yarl import URL

from chalicelib.catalog.page_policy import FILE_HEADERS
from chalicelib.catalog.playback import TOKEN_PREFIX, opened_path
from sluice.access import ORIGINS_OUTPUT
from sluice.clients import LocalClients
from sluice.deploy import Deployment
from sluice.keys import playback_secret
from sluice.paths import Local

# API Gateway's own limit on a request.
API_BODY_BYTES = 10 * 1024 * 1024
_BLOCK_BYTES = 256 * 1024
# How long open downloads may go on when we stop.
_STOP_S = 1.0
_LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "content-length",
        "host",
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
    }
)
_MEDIA_REQUEST = ("Range", "If-Range", "If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since")
_MEDIA_RESPONSE = ("Content-Length", "Content-Range", "Content-Type", "ETag", "Last-Modified", "Cache-Control")
_MEDIA_CORS = {
    "Access-Control-Allow-Headers": "Range, If-None-Match, If-Modified-Since",
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Expose-Headers": "Content-Length, Content-Range, ETag, Accept-Ranges",
    "Access-Control-Max-Age": "86400",
}
# What a media object is when its writer did not say.
_TYPES = {
    ".m3u8": "application/vnd.apple.mpegurl",
    ".mpd": "application/dash+xml",
    ".m4s": "video/iso.segment",
    ".mp4": "video/mp4",
    ".vtt": "text/vtt",
    ".jpg": "image/jpeg",
}
_UNTYPED = frozenset({"", "binary/octet-stream", "application/octet-stream"})
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def is_local_host(host: str) -> bool:
    """Whether a Host header names this machine."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    return name.lower() in _LOCAL_HOSTS


def content_type(path: str, stored: str) -> str:
    """The type to serve an object with: its own, or what its name says."""
    if stored not in _UNTYPED:
        return stored
    suffix = "." + path.rpartition(".")[2].lower()
    return _TYPES.get(suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"


def media_cors(allowed: str, origin: str | None) -> dict[str, str]:
    """What pages are told, as CloudFront does it.

    Args:
        allowed: Origins that may read, separated by commas; "*" is every one.
        origin: Whose page asks, if one does.
    """
    if allowed == "*":
        return {**_MEDIA_CORS, "Access-Control-Allow-Origin": "*"}
    if origin in allowed.split(","):
        return {**_MEDIA_CORS, "Access-Control-Allow-Origin": str(origin), "Vary": "Origin"}
    return {"Vary": "Origin"}


def _problem(status: HTTPStatus, code: str, detail: str) -> web.Response:
    document = {"type": "about:blank", "title": status.phrase, "status": status, "detail": detail, "code": code}
    return web.Response(status=status, text=json.dumps(document), content_type="application/problem+json")


@web.middleware
async def _only_this_machine(request: web.Request, handler: Handler) -> web.StreamResponse:
    if not is_local_host(request.host):
        return _problem(HTTPStatus.MISDIRECTED_REQUEST, "misdirected-request", "this server answers to 127.0.0.1 only")
    return await handler(request)


class Origin:
    """Serves one deployment; `deployment` may be exchanged while it runs."""

    def __init__(self, local: Local, clients: LocalClients, deployment: Deployment, api_key: str) -> None:
        self._local = local
        self._clients = clients
        self.deployment = deployment
        self._api_key = api_key
        self._playback_secret = ""
        self._session: ClientSession | None = None
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen; raises OSError when the port is taken."""
        self._session = ClientSession(
            # An API call may last as long as API Gateway lets it; a media object as long as the player reads.
            timeout=ClientTimeout(total=None, sock_connect=5, sock_read=60),
            connector=TCPConnector(limit=64),
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent", "Content-Type"),
            trust_env=False,
        )
        app = web.Application(middlewares=[_only_this_machine], client_max_size=API_BODY_BYTES)
        app.router.add_route("*", "/media/{key:.+}", self._media)
        app.router.add_get("/local/config.json", self._config)
        app.router.add_route("*", "/web/{path:.+}", self._file)
        app.router.add_route("*", "/{path:.*}", self._api)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_STOP_S)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._local.origin_port, reuse_address=True).start()

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()

    async def _config(self, request: web.Request) -> web.StreamResponse:
        # No CORS header: another page's script can ask, but not read.
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            return _problem(HTTPStatus.FORBIDDEN, "forbidden", "only the page of this origin may read this")
        return web.json_response({"api_key": self._api_key}, headers={"Cache-Control": "no-store"})

    async def _file(self, request: web.Request) -> web.StreamResponse:
        root = self._local.project.web.resolve()
        path = (root / request.match_info["path"]).resolve()
        if request.method not in ("GET", "HEAD") or not (path.is_relative_to(root) and path.is_file()):
            return await self._api(request)
        return web.FileResponse(path, headers={**FILE_HEADERS, "Cache-Control": "no-cache"})

    async def _api(self, request: web.Request) -> web.StreamResponse:
        assert self._session is not None  # noqa: S101  start() ran
        stage = f"/_aws/execute-api/{self.deployment.api_id}/{self.deployment.api_stage}"
        url = URL(f"{self._local.gateway_url}{stage}{request.raw_path}", encoded=True)
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return _problem(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "payload-too-large",
                "API Gateway takes 10 MB at most; send larger files with POST /v1/uploads",
            )
        headers = CIMultiDict((k, v) for k, v in request.headers.items() if k.lower() not in _HOP_BY_HOP)
        headers["Host"] = request.host
        headers["X-Forwarded-Host"] = request.host
        headers["X-Forwarded-Proto"] = "http"
        headers["X-Forwarded-For"] = request.remote or "127.0.0.1"
        try:
            async with self._session.request(
                request.method, url, headers=headers, data=body or None, allow_redirects=False
            ) as answer:
                kept = CIMultiDict((k, v) for k, v in answer.headers.items() if k.lower() not in _HOP_BY_HOP)
                return web.Response(status=answer.status, reason=answer.reason, headers=kept, body=await answer.read())
        except (ClientConnectionError, TimeoutError):
            return _problem(HTTPStatus.BAD_GATEWAY, "local-aws-unreachable", "the local AWS does not answer")

    async def _opened(self, path: str) -> str | None:
        """As the CloudFront function of a deployment on AWS does; the secret is read when it is first needed."""
        if path.startswith(f"{TOKEN_PREFIX}/") and not self._playback_secret:
            self._playback_secret = await asyncio.to_thread(
                playback_secret, self._clients, self.deployment.outputs["TableName"]
            )
        return opened_path(path, self._playback_secret, now_s=int(time.time()))

    async def _media(self, request: web.Request) -> web.StreamResponse:
        cors = media_cors(self.deployment.outputs.get(ORIGINS_OUTPUT, "*"), request.headers.get("Origin"))
        if request.method == "OPTIONS":
            return web.Response(status=204, headers=cors)
        if request.method not in ("GET", "HEAD"):
            raise web.HTTPMethodNotAllowed(request.method, ["GET", "HEAD", "OPTIONS"])
        assert self._session is not None  # noqa: S101  start() ran
        opened = await self._opened(request.match_info["key"])
        if opened is None:
            return web.Response(status=403, text="forbidden", headers=cors)
        key = f"media/{opened}"
        operation = "get_object" if request.method == "GET" else "head_object"
        signed = self._clients.s3.generate_presigned_url(
            operation, Params={"Bucket": self.deployment.media_bucket, "Key": key}, ExpiresIn=60
        )
        headers = {name: request.headers[name] for name in _MEDIA_REQUEST if name in request.headers}
        try:
            async with self._session.request(request.method, URL(signed, encoded=True), headers=headers) as answer:
                kept = {name: answer.headers[name] for name in _MEDIA_RESPONSE if name in answer.headers}
                if answer.status in (403, 404):
                    return web.Response(status=404, text="not found", headers=cors)
                if answer.status < 300:
                    kept["Content-Type"] = content_type(key, kept.get("Content-Type", ""))
                else:
                    kept.pop("Content-Type", None)
                    kept.pop("Content-Length", None)
                response = web.StreamResponse(status=answer.status, headers={**kept, **cors, "Accept-Ranges": "bytes"})
                await response.prepare(request)
                if request.method == "GET" and answer.status < 300:
                    async for block in answer.content.iter_chunked(_BLOCK_BYTES):
                        await response.write(block)
                await response.write_eof()
                return response
        except (ClientConnectionError, TimeoutError):
            return _problem(HTTPStatus.BAD_GATEWAY, "local-aws-unreachable", "the local AWS does not answer")
