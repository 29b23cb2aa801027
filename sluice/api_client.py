"""The public HTTP API as the command line uses it: one method per route, problem documents become one sentence."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import httpx

from sluice.failure import NotFound, OperatorError

Json = dict[str, Any]

_TIMEOUT = httpx.Timeout(60, connect=5)


class ApiRefused(OperatorError):
    """The API answered with a problem document.

    Attributes:
        status: HTTP status.
        code: Problem code of the error table.
    """

    def __init__(self, message: str, *, status: int, code: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        if status == httpx.codes.NOT_FOUND:
            self.exit_code = NotFound.exit_code


class ApiUnreachable(OperatorError):
    """Nothing answers at the API's address."""


class Api:
    """A deployment's API, by its base URL and an API key."""

    def __init__(self, base_url: str, api_key: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._client = httpx.Client(
            base_url=self.base_url, headers={"Authorization": f"Bearer {api_key}"}, timeout=_TIMEOUT, trust_env=False
        )

    def close(self) -> None:
        """Let its connections go."""
        self._client.close()

    def _call(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            answer = self._client.request(method, path, **request)
        except httpx.TransportError as error:
            raise ApiUnreachable(f"no answer from {self.base_url} ({error}); is it up? try: sluice up") from error
        if answer.is_success:
            return answer
        raise _refusal(answer)

    def create_upload(self, *, filename: str, size_bytes: int, content_type: str, asset: Json) -> Json:
        body = {"filename": filename, "size": size_bytes, "content_type": content_type, "asset": asset}
        return _object(self._call("POST", "/v1/uploads", json=body))

    def upload(self, upload_id: str) -> Json:
        return _object(self._call("GET", f"/v1/uploads/{_part(upload_id)}"))

    def upload_parts(self, upload_id: str, *, first: int, count: int) -> list[Json]:
        """Fresh URLs of the parts [first, first + count); numbers count from 1."""
        query = {"from": first, "count": count}
        data: list[Json] = self._call("GET", f"/v1/uploads/{_part(upload_id)}/parts", params=query).json()["data"]
        return data

    def complete_upload(self, upload_id: str, parts: list[Json]) -> Json:
        body = {"parts": parts} if parts else {}
        return _object(self._call("POST", f"/v1/uploads/{_part(upload_id)}/complete", json=body))

    def cancel_upload(self, upload_id: str) -> Json:
        return _object(self._call("POST", f"/v1/uploads/{_part(upload_id)}/cancel", json={}))

    def asset(self, asset_id: str) -> Json:
        return _object(self._call("GET", f"/v1/assets/{_part(asset_id)}"))

    def assets(self, *, status: str | None, limit: int) -> list[Json]:
        """The latest assets, at most `limit`."""
        return self._list("/v1/assets", status=status, limit=limit)

    def _list(self, path: str, *, status: str | None, limit: int) -> list[Json]:
        found: list[Json] = []
        query: dict[str, str | int] = {"limit": min(limit, 100)}
        if status:
            query["status"] = status
        while True:
            page = _object(self._call("GET", path, params=query))
            found += page["data"]
            if not page["next_cursor"] or len(found) >= limit:
                return found[:limit]
            query["cursor"] = page["next_cursor"]

    def create_token(self, asset_id: str, *, types: Sequence[str], ttl_s: int) -> Json:
        """URLs of an asset's media of these types, with a token in their paths."""
        body = {"types": list(types), "ttl": ttl_s}
        return _object(self._call("POST", f"/v1/assets/{_part(asset_id)}/tokens", json=body))

    def create_asset(self, body: Json) -> Json:
        return _object(self._call("POST", "/v1/assets", json=body))

    def retry_asset(self, asset_id: str, *, max_cost_usd: float | None) -> Json:
        body = {} if max_cost_usd is None else {"max_cost_usd": max_cost_usd}
        return _object(self._call("POST", f"/v1/assets/{_part(asset_id)}/retry", json=body))

    def estimate(self, asked: Json) -> Json:
        return _object(self._call("POST", "/v1/estimates", json=asked))

    def health(self) -> Json:
        return _object(self._call("GET", "/v1/health"))

    def cancel_asset(self, asset_id: str) -> Json:
        return _object(self._call("POST", f"/v1/assets/{_part(asset_id)}/cancel", json={}))

    def create_site(self, *, sha256: str, size_bytes: int) -> Json:
        """The site of a project archive; `upload` says where to send it, None that it is stored."""
        return _object(self._call("POST", "/v1/sites", json={"sha256": sha256, "size": size_bytes}))

    def create_render(self, body: Json) -> Json:
        return _object(self._call("POST", "/v1/renders", json=body))

    def render(self, render_id: str) -> Json:
        return _object(self._call("GET", f"/v1/renders/{_part(render_id)}"))

    def renders(self, *, status: str | None, limit: int) -> list[Json]:
        """The latest renders, at most `limit`."""
        return self._list("/v1/renders", status=status, limit=limit)

    def cancel_render(self, render_id: str) -> Json:
        return _object(self._call("POST", f"/v1/renders/{_part(render_id)}/cancel", json={}))

    def delete_render(self, render_id: str) -> None:
        self._call("DELETE", f"/v1/renders/{_part(render_id)}")

    def webhooks(self) -> list[Json]:
        """Every webhook, the latest first."""
        found: list[Json] = []
        query: dict[str, str | int] = {"limit": 100}
        while True:
            page = _object(self._call("GET", "/v1/webhooks", params=query))
            found += page["data"]
            if not page["next_cursor"]:
                return found
            query["cursor"] = page["next_cursor"]

    def create_webhook(self, url: str, *, events: Sequence[str] = (), description: str | None = None) -> Json:
        """The webhook, with its secret."""
        body = {"url": url, "events": list(events), "description": description}
        return _object(self._call("POST", "/v1/webhooks", json=body))

    def delete_webhook(self, webhook_id: str) -> None:
        self._call("DELETE", f"/v1/webhooks/{_part(webhook_id)}")

    def rotate_webhook(self, webhook_id: str) -> Json:
        """The webhook, with its new secret."""
        return _object(self._call("POST", f"/v1/webhooks/{_part(webhook_id)}/rotate", json={}))

    def ping_webhook(self, webhook_id: str) -> Json:
        return _object(self._call("POST", f"/v1/webhooks/{_part(webhook_id)}/ping", json={}))

    def deliveries(self, webhook_id: str, *, limit: int) -> list[Json]:
        query = {"limit": limit}
        data: list[Json] = self._call("GET", f"/v1/webhooks/{_part(webhook_id)}/deliveries", params=query).json()[
            "data"
        ]
        return data

    def replay_delivery(self, webhook_id: str, delivery_id: str) -> Json:
        path = f"/v1/webhooks/{_part(webhook_id)}/deliveries/{_part(delivery_id)}/replay"
        return _object(self._call("POST", path, json={}))

    def keys(self) -> list[Json]:
        """Every API key, the latest first."""
        return self._list("/v1/keys", status=None, limit=sys.maxsize)

    def create_key(self, body: Json) -> Json:
        """The record, with the key."""
        return _object(self._call("POST", "/v1/keys", json=body))

    def rotate_key(self, key_id: str, *, old_for_s: int) -> Json:
        """The record, with the new key."""
        return _object(self._call("POST", f"/v1/keys/{_part(key_id)}/rotate", json={"old_for": old_for_s}))

    def delete_key(self, key_id: str) -> None:
        self._call("DELETE", f"/v1/keys/{_part(key_id)}")

    def delete_asset(self, asset_id: str) -> None:
        self._call("DELETE", f"/v1/assets/{_part(asset_id)}")

    def create_rendition(self, asset_id: str, wanted: Json) -> Json:
        return _object(self._call("POST", f"/v1/assets/{_part(asset_id)}/renditions", json=wanted))

    def rendition(self, asset_id: str, rendition_id: str) -> Json:
        return _object(self._call("GET", f"/v1/assets/{_part(asset_id)}/renditions/{_part(rendition_id)}"))

    def renditions(self, asset_id: str) -> list[Json]:
        data: list[Json] = self._call("GET", f"/v1/assets/{_part(asset_id)}/renditions").json()["data"]
        return data


def _part(text: str) -> str:
    """One part of a path, whatever is in it: an id is typed by a person."""
    return quote(text, safe="")


def _object(answer: httpx.Response) -> Json:
    try:
        body: Json = answer.json()
    except ValueError as error:
        raise ApiUnreachable(f"{answer.url.host} answers, but not as Sluice's API does") from error
    return body


def _refusal(answer: httpx.Response) -> ApiRefused:
    if answer.headers.get("content-type", "").startswith("application/problem+json"):
        problem = answer.json()
        details = "; ".join(f"{each['pointer']}: {each['detail']}" for each in problem.get("errors", []))
        message = f"{problem['detail']} ({problem['code']})" + (f": {details}" if details else "")
        return ApiRefused(message, status=answer.status_code, code=problem["code"])
    return ApiRefused(f"the API answered {answer.status_code}", status=answer.status_code, code="")
