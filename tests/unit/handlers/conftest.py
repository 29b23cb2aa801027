"""The API over in-memory adapters, called through Chalice's own test client."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from chalice.test import Client, HTTPResponse

from chalicelib.catalog.api_key import Scope
from chalicelib.handlers import http, wiring
from chalicelib.handlers.auth import KeyRing
from chalicelib.usecases.api_keys import key_record
from tests.unit.usecases.desk import Desk

API_KEY = "sk_test"


class Api:
    """A client that sends a known key and JSON, unless told otherwise."""

    def __init__(self, desk: Desk, client: Client) -> None:
        self.desk = desk
        self._client = client

    def __call__(
        self, method: str, path: str, body: Any = None, *, raw: bytes = b"", headers: dict[str, str] | None = None
    ) -> HTTPResponse:
        sent = {"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json", **(headers or {})}
        content = raw if body is None else json.dumps(body).encode()
        return self._client.http.request(method, path, headers=sent, body=content)


@pytest.fixture
def desk() -> Desk:
    made = Desk()
    made.table.create_api_key(key_record(API_KEY, "test", [Scope.ADMIN], now_ms=made.clock()))
    return made


@pytest.fixture
def api(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Api:
    services = desk.services()
    monkeypatch.setattr(wiring, "services", lambda: services)
    monkeypatch.setattr(http, "keyring", KeyRing())
    import app

    return Api(desk, Client(app.app))


@pytest.fixture
def log_lines(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[dict[str, Any]]]:
    """The JSON lines written since the last call, metrics aside."""

    def read() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith('{"level"')]

    return read
