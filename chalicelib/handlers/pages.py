"""The page itself: its HTML, and the files that it loads from `web/<folder>/<name>`.

They lie in chalicelib/web, so every way of deploying brings them along. All of them are text: API Gateway compresses
them, and none of them depends on binary media types. Names are relative, so they hold behind a stage of API Gateway as
behind a domain of one's own.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from chalice.app import Response

from chalicelib.catalog.page_policy import FILE_HEADERS, page_headers
from chalicelib.errors import RouteNotFound
from chalicelib.handlers.http import Call, route

FILES = Path(__file__).resolve().parents[1] / "web"
HTML = "text/html; charset=utf-8"

_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".txt": "text/plain"}
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")
_FOLDERS = frozenset({"js", "views", "css", "icons", "vendor"})
# Names do not change with their content. What is vendored changes with a release of ours at most.
_KEPT_S = {"vendor": 86_400}
_KEPT_S_ELSE = 60


@route("GET", "/", public=True)
def get_page(call: Call) -> Response:
    """The library and the player of a deployment; everything it shows it asks of the API, with a key."""
    settings = call.services.settings
    signed = call.services.objects.presign_put(settings.source_bucket, "page", expires_s=60, size_bytes=1)
    headers = page_headers(origin(settings.public_base_url), origin(signed))
    return Response(body=html("index.html"), headers={**headers, "Content-Type": HTML})


@route("GET", "/web/{folder}/{name}", public=True)
def get_page_file(call: Call, folder: str, name: str) -> Response:
    kept = {**FILE_HEADERS, "Cache-Control": f"public, max-age={_KEPT_S.get(folder, _KEPT_S_ELSE)}"}
    text, etag = _file(folder, name)
    kept["ETag"] = etag
    if call.request.headers.get("if-none-match") == etag:
        return Response(body="", status_code=304, headers=dict(kept))
    content_type = f"{_TYPES[Path(name).suffix]}; charset=utf-8"
    return Response(body=text, headers={**kept, "Content-Type": content_type})


def origin(url: str) -> str:
    """Scheme and host of a URL; empty for an empty one."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


@cache
def html(name: str) -> str:
    return (FILES / name).read_text()


@cache
def _file(folder: str, name: str) -> tuple[str, str]:
    """A file's text and its ETag. Raises RouteNotFound."""
    path = FILES / folder / name
    known = folder in _FOLDERS and _NAME.fullmatch(name) and path.suffix in _TYPES
    if not (known and path.is_file()):
        raise RouteNotFound("there is no such file")
    text = path.read_text()
    return text, f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
