"""The routes of API keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalicelib.catalog.api_key import Scope
from chalicelib.catalog.ids import API_KEY_PREFIX
from chalicelib.handlers.auth import REMEMBERED_MS
from chalicelib.usecases.api_keys import key_record
from tests.unit.handlers.conftest import Api

NEW = {"name": "player backend", "scopes": ["playback", "read"], "expires_in": 3600, "requests_per_minute": 60}
Lines = Callable[[], list[dict[str, Any]]]


def _as(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_a_key_is_shown_once_and_works(api: Api, log_lines: Lines) -> None:
    """The answer that makes it holds it; no list, no later answer, no log and no record does."""
    answer = api("POST", "/v1/keys", NEW)
    made = answer.json_body
    assert (answer.status_code, answer.headers["Location"]) == (201, f"keys/{made['id']}")
    assert made["key"].endswith(made["hint"])
    assert made["scopes"] == ["read", "playback"]
    assert api("GET", "/v1/assets", headers=_as(made["key"])).status_code == 200
    assert api("POST", "/v1/uploads", {"filename": "a", "size": 5}, headers=_as(made["key"])).status_code == 403
    shown = api("GET", f"/v1/keys/{made['id']}").json_body
    assert shown == {**{name: made[name] for name in made if name != "key"}, "last_used_at": shown["last_used_at"]}
    assert shown["last_used_at"] is not None
    (other,) = [key for key in api("GET", "/v1/keys").json_body["data"] if key["id"] == made["id"]]
    assert other == shown
    assert made["key"] not in str(log_lines())
    assert made["key"] not in str(api.desk.table.items)


def test_a_replay_shows_no_key_and_no_other_caller_meets_it(api: Api) -> None:
    """The same request names the same key without its text; another caller's same request makes another key."""
    headers = {"Idempotency-Key": "k"}
    made, again = (api("POST", "/v1/keys", NEW, headers=headers).json_body for _ in range(2))
    assert (again["id"], again["key"]) == (made["id"], None)
    api.desk.table.create_api_key(key_record("sk_other", "other", [Scope.ADMIN], now_ms=api.desk.clock()))
    other = api("POST", "/v1/keys", NEW, headers={**headers, **_as("sk_other")}).json_body
    assert other["id"] != made["id"]
    rotated, twice = (api("POST", f"/v1/keys/{made['id']}/rotate", headers=headers).json_body for _ in range(2))
    assert (twice["hint"], twice["key"]) == (rotated["hint"], None)


def test_a_secret_of_a_webhook_is_replayed_to_its_maker_alone(api: Api) -> None:
    """Another key with the same Idempotency-Key makes a webhook of its own."""
    api.desk.table.create_api_key(key_record("sk_other", "other", [Scope.WRITE], now_ms=api.desk.clock()))
    wanted, headers = {"url": "https://hooks.example.com/"}, {"Idempotency-Key": "k"}
    mine, again = (api("POST", "/v1/webhooks", wanted, headers=headers).json_body for _ in range(2))
    assert (again["id"], again["secret"]) == (mine["id"], mine["secret"])
    theirs = api("POST", "/v1/webhooks", wanted, headers={**headers, **_as("sk_other")}).json_body
    assert theirs["id"] != mine["id"]
    assert theirs["secret"] != mine["secret"]


def test_rotation_keeps_everything_but_the_key(api: Api) -> None:
    """Id, name, scopes, limits and end stay; the old key is good for the stated time."""
    made = api("POST", "/v1/keys", NEW).json_body
    rotated = api("POST", f"/v1/keys/{made['id']}/rotate", {"old_for": 120}).json_body
    same = ("id", "name", "scopes", "expires_at", "requests_per_minute", "created_at")
    assert {name: rotated[name] for name in same} == {name: made[name] for name in same}
    assert rotated["old_key_until"] is not None
    for key in (made["key"], rotated["key"]):
        assert api("GET", "/v1/assets", headers=_as(key)).status_code == 200
    api.desk.clock.now_ms += 120_000
    assert api("GET", "/v1/assets", headers=_as(made["key"])).status_code == 401
    assert api("GET", "/v1/assets", headers=_as(rotated["key"])).status_code == 200
    assert api("GET", f"/v1/keys/{made['id']}").json_body["old_key_until"] is None


def test_a_revoked_key_is_refused_within_a_minute(api: Api) -> None:
    """Deleted is gone: from the list at once, from every process when it looks again."""
    made = api("POST", "/v1/keys", NEW).json_body
    assert api("GET", "/v1/assets", headers=_as(made["key"])).status_code == 200
    assert api("DELETE", f"/v1/keys/{made['id']}").json_body == {"id": made["id"], "deleted": True}
    assert api("GET", f"/v1/keys/{made['id']}").json_body["code"] == "api-key-not-found"
    api.desk.clock.now_ms += REMEMBERED_MS
    answer = api("GET", "/v1/assets", headers=_as(made["key"]))
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer error="invalid_token"')


def test_an_expired_key_is_refused_and_still_listed(api: Api) -> None:
    """Its owner sees why."""
    made = api("POST", "/v1/keys", NEW).json_body
    api.desk.clock.now_ms += 3_600_000
    assert api("GET", "/v1/assets", headers=_as(made["key"])).status_code == 401
    assert api("GET", f"/v1/keys/{made['id']}").json_body["status"] == "expired"


def test_wrong_wishes_are_named(api: Api) -> None:
    """A key needs a name and known scopes; ids that are none are not looked for."""
    for body, pointer in (
        ({"name": "a", "scopes": []}, "/scopes"),
        ({"name": "a", "scopes": ["root"]}, "/scopes/0"),
        ({**NEW, "expires_in": 5}, "/expires_in"),
        ({**NEW, "requests_per_minute": 0}, "/requests_per_minute"),
    ):
        answer = api("POST", "/v1/keys", body)
        assert (answer.status_code, answer.json_body["errors"][0]["pointer"]) == (422, pointer)
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/rotate")):
        for key_id in ("x", f"{API_KEY_PREFIX}_{'0' * 26}"):
            assert api(method, f"/v1/keys/{key_id}{path}").json_body["code"] == "api-key-not-found"
