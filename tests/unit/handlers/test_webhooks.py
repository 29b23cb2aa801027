"""The webhook routes, and the two functions behind them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from chalice.test import Client

from chalicelib.aws import webhooks
from chalicelib.catalog.asset import AssetStatus
from tests.unit.catalog.samples import ASSET_ID, an_asset
from tests.unit.handlers.conftest import Api

URL = "https://hooks.example.com/in"


def _create(api: Api, **body: Any) -> Any:
    return api("POST", "/v1/webhooks", {"url": URL, **body}).json_body


def _run_functions(api: Api) -> None:
    """What the queues would carry: each announced event, then each attempt."""
    import app

    client = Client(app.app)
    told, api.desk.table.told = api.desk.table.told, []
    bodies = [json.dumps({"event_id": event_id}) for event_id in told]
    answer = client.lambda_.invoke("notify", client.events.generate_sqs_event(bodies, "events")).payload
    assert answer == {"batchItemFailures": []}
    attempts, api.desk.outlets.deliveries = api.desk.outlets.deliveries, []
    for message, _ in attempts:
        body = json.dumps({name: getattr(message, name) for name in message.__slots__})
        answer = client.lambda_.invoke("deliver", client.events.generate_sqs_event([body], "webhooks")).payload
        assert answer == {"batchItemFailures": []}


def test_the_secret_is_shown_once(api: Api, log_lines: Callable[[], list[dict[str, Any]]]) -> None:
    """At creation and rotation, and nowhere else: not in lists, not in the log, not in errors."""
    made = _create(api, events=["asset.ready", "asset.ready"], description="mine")
    assert made["secret"].startswith("whsec_")
    assert (made["events"], made["status"], made["description"]) == (["asset.ready"], "enabled", "mine")
    rotated = api("POST", f"/v1/webhooks/{made['id']}/rotate")
    assert (rotated.status_code, rotated.json_body["old_secret_until"][:10]) == (201, "2027-01-16")
    secrets = {made["secret"], rotated.json_body["secret"]}
    assert len(secrets) == 2
    paths = [f"/v1/webhooks/{made['id']}", "/v1/webhooks", f"/v1/webhooks/{made['id']}/deliveries"]
    seen = json.dumps([api("GET", path).json_body for path in paths]) + json.dumps(log_lines())
    assert not [secret for secret in secrets if secret in seen]


def test_a_repeated_request_makes_one_webhook(api: Api) -> None:
    """The same Idempotency-Key gets the same answer, the secret with it; without, there would be two."""
    sent = [api("POST", "/v1/webhooks", {"url": URL}, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert sent[0].json_body == sent[1].json_body
    assert len(api("GET", "/v1/webhooks").json_body["data"]) == 1
    once = [
        api("POST", f"/v1/webhooks/{sent[0].json_body['id']}/rotate", {}, headers={"Idempotency-Key": "r"})
        for _ in range(2)
    ]
    assert once[0].json_body["secret"] == once[1].json_body["secret"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"url": "http://hooks.example.com/"}, "/url"),
        ({"url": "https://169.254.169.254/latest/"}, "/url"),
        ({"url": "https://localhost/"}, "/url"),
        ({"url": URL, "events": ["asset.exploded"]}, "/events/0"),
        ({"url": URL, "events": ["ping"]}, "/events"),
        ({"url": URL, "secret": "mine"}, ""),
        ({}, ""),
    ],
)
def test_a_wrong_field_is_named(api: Api, body: dict[str, Any], pointer: str) -> None:
    """422, and nothing is made; PATCH checks the same."""
    answer = api("POST", "/v1/webhooks", body)
    assert (answer.status_code, answer.json_body["errors"][0]["pointer"]) == (422, pointer)
    assert api("GET", "/v1/webhooks").json_body["data"] == []
    if "url" in body:
        hook = _create(api)["id"]
        assert api("PATCH", f"/v1/webhooks/{hook}", body).status_code == 422


def test_lists_are_paged(api: Api) -> None:
    """The latest first, with a cursor."""
    made = []
    for _ in range(3):
        api.desk.clock.sleep(1)
        made.append(_create(api)["id"])
    first = api("GET", "/v1/webhooks?limit=2").json_body
    second = api("GET", f"/v1/webhooks?limit=2&cursor={first['next_cursor']}").json_body
    assert [hook["id"] for hook in first["data"] + second["data"]] == made[::-1]
    assert second["next_cursor"] is None
    refused = api("GET", "/v1/webhooks?status=enabled").json_body
    assert refused["errors"] == [{"pointer": "/status", "detail": "Expected no such filter", "in": "query"}]


def test_a_webhook_is_changed_and_deleted(api: Api) -> None:
    """What is not given stays; after the deletion every route answers 404."""
    hook = _create(api, events=["asset.ready"], description="mine")["id"]
    path = f"/v1/webhooks/{hook}"
    changed = api("PATCH", path, {"status": "disabled", "description": None}).json_body
    assert (changed["status"], changed["disabled_because"]) == ("disabled", "requested")
    assert (changed["description"], changed["events"], changed["url"]) == (None, ["asset.ready"], URL)
    assert api("PATCH", path, {"status": "enabled", "events": []}).json_body["disabled_because"] is None
    assert api("DELETE", path).json_body == {"id": hook, "deleted": True}
    calls = [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/rotate"), ("POST", "/ping"), ("GET", "/deliveries")]
    for target in (path, "/v1/webhooks/nonsense"):
        for method, rest in calls:
            answer = api(method, f"{target}{rest}", {})
            assert (answer.status_code, answer.json_body["code"]) == (404, "webhook-not-found"), (method, rest)


def test_there_are_not_too_many(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each event is compared with every webhook."""
    monkeypatch.setattr("chalicelib.usecases.webhooks.MAX_WEBHOOKS", 1)
    _create(api)
    answer = api("POST", "/v1/webhooks", {"url": URL})
    assert (answer.status_code, answer.json_body["code"]) == (409, "too-many-webhooks")
    assert webhooks.MAX_WEBHOOKS == 100


def test_an_upload_is_told_from_end_to_end(api: Api) -> None:
    """Routes, transaction, both functions: each event reaches the receiver once, shown as the API shows its record."""
    hook = _create(api)["id"]
    asset_id = api("POST", "/v1/uploads", {"filename": "a.mp4", "size": 5, "asset": {"passthrough": "p"}}).json_body
    api("POST", f"/v1/uploads/{asset_id['id']}/cancel", {})
    _run_functions(api)
    events = [json.loads(body) for _, body, _ in api.desk.receiver.got]
    assert [event["type"] for event in events] == ["asset.created", "upload.cancelled", "asset.updated"]
    assert {event["data"]["id"] for event in events} == {asset_id["id"], asset_id["asset_id"]}
    cancelled = api("GET", f"/v1/assets/{asset_id['asset_id']}").json_body
    assert events[2]["data"] == {**cancelled, "previous_status": "waiting"}
    assert events[0]["data"]["status"] == "waiting"
    assert "X-Amz" not in json.dumps(events)
    shown = api("GET", f"/v1/webhooks/{hook}/deliveries?limit=2").json_body
    assert [each["status"] for each in shown["data"]] == ["delivered", "delivered"]
    assert shown["data"][0]["attempts"][0]["status_code"] == 200
    rest = api("GET", f"/v1/webhooks/{hook}/deliveries?cursor={shown['next_cursor']}").json_body
    assert len(rest["data"]) == 1
    assert len(api.desk.outlets.records) == 3


def test_a_ping_and_a_replay(api: Api) -> None:
    """202 each; the replay has the same event, and an unknown delivery is 404."""
    hook = _create(api, events=["asset.ready"])["id"]
    ping = api("POST", f"/v1/webhooks/{hook}/ping")
    assert (ping.status_code, ping.json_body["status"]) == (202, "pending")
    _run_functions(api)
    path = f"/v1/webhooks/{hook}/deliveries/{ping.json_body['id']}/replay"
    replay = api("POST", path)
    assert (replay.status_code, replay.json_body["replays"], replay.json_body["event_id"]) == (
        202,
        1,
        ping.json_body["event_id"],
    )
    _run_functions(api)
    assert len(api.desk.receiver.got) == 2
    assert json.loads(api.desk.receiver.got[0][1])["data"] == {"webhook_id": hook}
    for delivery_id in ("nonsense", "de_01mcc5rm00zzzzzzzzzzzzzzzz"):
        unknown = api("POST", f"/v1/webhooks/{hook}/deliveries/{delivery_id}/replay")
        assert (unknown.status_code, unknown.json_body["code"]) == (404, "delivery-not-found")


def test_a_bad_message_fails_alone(api: Api) -> None:
    """The other messages of its batch are handled, and it comes back."""
    import app

    api.desk.table.create_asset(an_asset(status=AssetStatus.WAITING))
    client = Client(app.app)
    bodies = ["nonsense", json.dumps({"event_id": "ev_none"}), json.dumps({"event_id": api.desk.table.told[0]})]
    event = client.events.generate_sqs_event(bodies, "events")
    for index, record in enumerate(event["Records"]):
        record["messageId"] = str(index)
    answer = client.lambda_.invoke("notify", event).payload
    assert answer == {"batchItemFailures": [{"itemIdentifier": "0"}, {"itemIdentifier": "1"}]}
    assert json.loads(api.desk.outlets.records[0].body)["data"]["id"] == ASSET_ID
