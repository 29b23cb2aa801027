"""What a caller may do: one table of routes, obeyed by every route."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.catalog.api_key import Scope, sufficient_for
from chalicelib.errors import TableUnavailable
from chalicelib.handlers.scopes import SCOPES
from chalicelib.usecases.api_keys import key_record
from tests.unit.handlers.conftest import Api

Lines = Callable[[], list[dict[str, Any]]]
RAW = {"POST /upload": "video/mp4"}


def _bearer(api: Api, text: str, *scopes: Scope, limit: int | None = None) -> dict[str, str]:
    key = key_record(text, text, scopes, now_ms=api.desk.clock(), requests_per_minute=limit)
    api.desk.table.create_api_key(key)
    return {"Authorization": f"Bearer {text}"}


def test_every_route_names_its_scope(api: Api) -> None:
    """The table has each route that is not open to all, and no other."""
    import app

    routes = {f"{method} {path}" for path, entries in app.app.routes.items() for method in entries if method != "HEAD"}
    described = api("GET", "/v1/openapi.json").json_body["paths"]
    open_to_all = {route for route in routes if described[route.split()[1]][route.split()[0].lower()]["security"] == []}
    assert set(SCOPES) == routes - open_to_all
    prefixes = ("/u/{token}/", "/v1/health", "/v1/openapi.json", "/web/", "/embed/")
    assert all(path == "/" or path.startswith(prefixes) for _, path in map(str.split, open_to_all))


def test_the_description_names_the_same_scopes(api: Api) -> None:
    """What a client reads is what is asked, and how its lack is answered."""
    document = api("GET", "/v1/openapi.json").json_body
    assert set(document["components"]["securitySchemes"]) == {"apiKey"}
    for route, scope in SCOPES.items():
        method, path = route.split()
        operation = document["paths"][path][method.lower()]
        assert operation["security"] == [{"apiKey": [scope]}]
        assert {"401", "403", "429"} <= set(operation["responses"])


@pytest.mark.parametrize("holder", list(Scope))
def test_every_route_asks_for_its_scope(api: Api, holder: Scope) -> None:
    """403 for whoever lacks it, with what it takes, and never for whoever has it."""
    headers = _bearer(api, "sk_holder", holder)
    for route, scope in SCOPES.items():
        method, path = route.split()
        sent = {**headers, **({"Content-Type": RAW[route]} if route in RAW else {})}
        answer = api(method, path.replace("{", "").replace("}", ""), headers=sent)
        enough = holder in sufficient_for(scope)
        refused = answer.status_code == 403 and answer.json_body["code"] == "scope-missing"
        assert refused is not enough, route
        if refused:
            assert answer.headers["WWW-Authenticate"] == f'Bearer error="insufficient_scope", scope="{scope}"'
            assert answer.json_body["scope"] == scope


def test_too_many_requests_are_told_when_to_come_again(api: Api, log_lines: Lines) -> None:
    """429 with Retry-After, as a problem, for that key alone; the key is in no log."""
    headers = _bearer(api, "sk_limited", Scope.READ, limit=2)
    api.desk.clock.now_ms = api.desk.clock.now_ms // 60_000 * 60_000 + 18_000
    answers = [api("GET", "/v1/assets", headers=headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    refused = answers[-1]
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert (refused.json_body["code"], refused.headers["Retry-After"]) == ("rate-limited", "42")
    assert "Retry-After" in refused.headers["Access-Control-Expose-Headers"]
    assert api("GET", "/v1/assets").status_code == 200
    assert "sk_limited" not in str(log_lines())


def test_what_cannot_be_counted_is_refused(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the table does not count, a key with a limit gets 503 and is to try again; one without is let in."""

    def unavailable(*_: object, **__: object) -> bool:
        raise TableUnavailable("dynamodb:UpdateItem is throttled")

    monkeypatch.setattr(api.desk.table, "count_request", unavailable)
    refused = api("GET", "/v1/assets", headers=_bearer(api, "sk_limited", Scope.READ, limit=2))
    assert (refused.status_code, refused.json_body["code"]) == (503, "table-unavailable")
    assert refused.headers["Retry-After"] == "2"
    assert api("GET", "/v1/assets").status_code == 200
