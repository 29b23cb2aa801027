"""API keys on the deployed API, where several workers answer: made by the command line, used by anyone."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from chalicelib.catalog.api_key import WINDOW_S
from tests.e2e.conftest import LocalAws

LIMIT = 6


def _made(local_aws: LocalAws, *words: str) -> Any:
    done = local_aws.sluice("keys", *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _with(local_aws: LocalAws, key: str, method: str, path: str, **request: Any) -> httpx.Response:
    return local_aws.api(method, path, headers={"Authorization": f"Bearer {key}"}, **request)


def test_a_key_does_what_it_may_as_often_as_it_may(local_aws: LocalAws) -> None:
    """Its scopes and its limit hold across all workers; rotated it goes on, revoked it is unknown; no log has it."""
    made = _made(
        local_aws, "create", "reader", "--scope", "read", "--requests-per-minute", str(LIMIT), "--expires", "1h"
    )
    left_s = WINDOW_S - time.time() % WINDOW_S
    if left_s < 15:
        time.sleep(left_s)  # all of it must fall into one minute of the clock
    refused = _with(local_aws, made["key"], "POST", "/v1/uploads", json={"filename": "a", "size": 5})
    assert (refused.status_code, refused.json()["code"]) == (403, "scope-missing")
    assert refused.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope", scope="write"'
    with ThreadPoolExecutor(4) as callers:
        answers = list(callers.map(lambda _: _with(local_aws, made["key"], "GET", "/v1/assets"), range(LIMIT + 3)))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(200), statuses.count(429)) == (LIMIT - 1, 4), statuses
    late = next(answer for answer in answers if answer.status_code == 429)
    assert late.headers["Content-Type"] == "application/problem+json"
    assert 1 <= int(late.headers["Retry-After"]) <= WINDOW_S

    rotated = _made(local_aws, "rotate", made["id"], "--old-for", "0")
    assert _with(local_aws, rotated["key"], "GET", "/v1/assets").status_code in (200, 429)
    local_aws.api("DELETE", f"/v1/keys/{made['id']}").raise_for_status()
    fresh = local_aws.api("POST", "/v1/keys", json={"name": "gone", "scopes": ["read"]}).raise_for_status().json()
    local_aws.api("DELETE", f"/v1/keys/{fresh['id']}").raise_for_status()
    unknown = _with(local_aws, fresh["key"], "GET", "/v1/assets")
    assert (unknown.status_code, unknown.headers["WWW-Authenticate"]) == (401, 'Bearer error="invalid_token"')
    logged = local_aws.sluice("logs").stdout
    assert not [key for key in (made["key"], rotated["key"], fresh["key"], local_aws.api_key) if key in logged]


def test_pages_may_ask_for_what_they_send(local_aws: LocalAws) -> None:
    """A browser's preflight is answered by API, bucket and media, and an answer names what a page may read."""
    headers = {"Origin": "https://page.test", "Access-Control-Request-Method": "POST"}
    asked = {**headers, "Access-Control-Request-Headers": "authorization,content-type,idempotency-key"}
    api = httpx.options(f"{local_aws.base_url}/v1/uploads", headers=asked)
    wanted = {name.strip().lower() for name in api.headers["Access-Control-Allow-Headers"].split(",")}
    assert {"authorization", "content-type", "idempotency-key"} <= wanted
    port = local_aws.environ["SLUICE_GATEWAY_PORT"]
    bucket = f"http://127.0.0.1:{port}/{local_aws.source_bucket}/uploads/x"
    for answer in (
        api,
        httpx.options(bucket, headers={**headers, "Access-Control-Request-Method": "PUT"}),
        httpx.options(f"{local_aws.base_url}/media/x", headers={**headers, "Access-Control-Request-Method": "GET"}),
        local_aws.api("GET", "/v1/assets", headers={"Origin": "https://page.test"}),
    ):
        assert answer.is_success
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
