"""What happens is told: to receivers of webhooks, and by SNS, SQS and EventBridge, on the deployed local AWS."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import PIPE
from threading import Thread
from typing import Any

import pytest
from standardwebhooks import Webhook

from sluice.clients import LocalClients
from sluice.deploy import STACK
from sluice.paths import Local
from tests.e2e.clips import clip
from tests.e2e.conftest import ROOT, SLUICE, LocalAws

PATIENCE_S = 30


class _Receiver(ThreadingHTTPServer):
    """Keeps what it gets; answers with the statuses of `answers`, then with 204."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[int] = []
        self.got: list[tuple[dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"

    def events(self, secret: str) -> list[dict[str, Any]]:
        """Everything that came, verified by the reference implementation."""
        return [Webhook(secret).verify(body, headers) for headers, body in self.got]


class _Handler(BaseHTTPRequestHandler):
    server: _Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def receiver() -> Iterator[_Receiver]:
    with _Receiver() as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def clients(local_aws: LocalAws) -> LocalClients:
    return LocalClients(Local.from_env(local_aws.environ))


@pytest.fixture
def hook(local_aws: LocalAws, receiver: _Receiver) -> Iterator[Callable[..., Any]]:
    """Makes a webhook of the receiver; it is gone after the test."""
    made: list[str] = []

    def make(*events: str) -> Any:
        body = {"url": receiver.url, "events": list(events)}
        webhook = local_aws.api("POST", "/v1/webhooks", json=body).raise_for_status().json()
        made.append(webhook["id"])
        return webhook

    yield make
    for webhook_id in made:
        local_aws.api("DELETE", f"/v1/webhooks/{webhook_id}").raise_for_status()


def _wait_for(found: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not found():
        assert time.monotonic() < until, f"nothing came within {PATIENCE_S} s"
        time.sleep(0.1)


def _watch(clients: LocalClients, name: str) -> tuple[str, str]:
    """URL and ARN of a queue that takes what SNS and EventBridge send."""
    url = clients.sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    services = {"Service": ["sns.amazonaws.com", "events.amazonaws.com"]}
    allow = {"Effect": "Allow", "Principal": services, "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    clients.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return url, arn


def _receive(clients: LocalClients, url: str, asset_id: str, count: int) -> list[dict[str, Any]]:
    """`count` messages about an asset, as they come."""
    found: list[dict[str, Any]] = []

    def enough() -> bool:
        answer = clients.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        bodies = [message["Body"] for message in answer.get("Messages", [])]
        # Other tests leave messages of other kinds.
        found.extend(json.loads(body) for body in bodies if asset_id in body)
        return len(found) >= count

    _wait_for(enough)
    return found


def test_a_published_video_is_told_everywhere(
    local_aws: LocalAws, clients: LocalClients, receiver: _Receiver, hook: Callable[..., Any], tmp_path: Path
) -> None:
    """Created, playable, ready: each once, in order, to a verified webhook; SNS, SQS and EventBridge tell the same."""
    stack = clients.cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    topic_url, topic_arn = _watch(clients, "watch-topic")
    clients.sns.subscribe(TopicArn=outputs["NotificationTopicArn"], Protocol="sqs", Endpoint=topic_arn)
    bus_url, bus_arn = _watch(clients, "watch-bus")
    bus = outputs["EventBusName"]
    pattern = json.dumps({"source": ["sluice"], "detail-type": ["asset.ready"]})
    clients.events.put_rule(Name="watch", EventBusName=bus, EventPattern=pattern)
    clients.events.put_targets(Rule="watch", EventBusName=bus, Targets=[{"Id": "queue", "Arn": bus_arn}])
    webhook = hook("asset.created", "asset.playable", "asset.ready")

    asset = local_aws.publish(clip(tmp_path / "clip.mp4", seconds=2))

    _wait_for(lambda: len(receiver.got) >= 3)
    events = sorted(receiver.events(webhook["secret"]), key=lambda each: each["timestamp"])
    assert [each["type"] for each in events] == ["asset.created", "asset.playable", "asset.ready"]
    assert len({each["timestamp"] for each in events}) == 3
    assert {each["data"]["id"] for each in events} == {asset["id"]}
    assert events[1]["data"]["playable"]
    assert events[2]["data"]["playback"] == asset["playback"]
    assert "X-Amz-" not in str(events)
    log = local_aws.api("GET", f"/v1/webhooks/{webhook['id']}/deliveries").raise_for_status().json()["data"]
    assert [(each["status"], len(each["attempts"])) for each in log] == [("delivered", 1)] * 3

    told = _receive(clients, topic_url, asset["id"], 2)
    assert [each["MessageAttributes"]["stage"]["Value"] for each in told] == ["ingest", "complete"]
    assert json.loads(told[1]["Message"]) == events[2]
    (from_bus,) = _receive(clients, bus_url, asset["id"], 1)
    assert (from_bus["detail-type"], from_bus["detail"]) == ("asset.ready", events[2])
    records = _receive(clients, outputs["NotificationQueueUrl"], asset["id"], 5)
    assert {each["type"] for each in records} >= {"asset.created", "asset.updated", "asset.playable", "asset.ready"}
    assert len({each["id"] for each in records}) == len(records)
    assert events[2] in records


def test_a_failing_receiver_gets_it_in_the_end(
    local_aws: LocalAws, receiver: _Receiver, hook: Callable[..., Any], tmp_path: Path
) -> None:
    """A refused file is told as asset.errored; after two failures it has arrived, under one id."""
    receiver.answers = [500, 302]
    webhook = hook("asset.errored")
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"This is not a video.\n" * 40)
    asset = local_aws.publish(bad)

    _wait_for(lambda: len(receiver.got) >= 3)
    events = receiver.events(webhook["secret"])
    assert events[0] == events[1] == events[2]
    assert (events[0]["type"], events[0]["data"]["id"]) == ("asset.errored", asset["id"])
    assert events[0]["data"]["errors"][0]["code"] == "not-a-video"
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    path = f"/v1/webhooks/{webhook['id']}/deliveries"

    def delivered() -> bool:
        (delivery,) = local_aws.api("GET", path).raise_for_status().json()["data"]
        codes = [attempt["status_code"] for attempt in delivery["attempts"]]
        return bool(delivery["status"] == "delivered" and codes == [500, 302, 204])

    _wait_for(delivered)
    assert len(receiver.got) == 3


def test_the_listener_prints_what_is_genuine(local_aws: LocalAws) -> None:
    """It makes its own webhook, prints one event a line, and takes the webhook away when it is stopped."""
    words = [*SLUICE, "webhooks", "listen", "--event", "asset.ready"]
    with subprocess.Popen(words, cwd=ROOT, env=local_aws.environ, stdout=PIPE, stderr=PIPE, text=True) as listening:
        assert listening.stdout is not None
        assert listening.stderr is not None
        webhook_id = listening.stderr.readline().split()[0]
        local_aws.api("POST", f"/v1/webhooks/{webhook_id}/ping", json={}).raise_for_status()
        assert json.loads(listening.stdout.readline())["data"] == {"webhook_id": webhook_id}
        listening.terminate()
        assert listening.wait(timeout=10) == 0
    assert local_aws.api("GET", f"/v1/webhooks/{webhook_id}").status_code == 404


def test_the_command_line_tests_and_replays(local_aws: LocalAws, receiver: _Receiver, tmp_path: Path) -> None:
    """create, trigger, rotate, replay, verify and rm: both secrets sign, and what was sent can be sent again."""
    made = json.loads(local_aws.sluice("webhooks", "create", receiver.url, "--json").stdout)
    ping = json.loads(local_aws.sluice("webhooks", "trigger", made["id"], "--json").stdout)
    _wait_for(lambda: len(receiver.got) == 1)
    rotated = json.loads(local_aws.sluice("webhooks", "rotate", made["id"], "--json").stdout)
    replayed = local_aws.sluice("webhooks", "replay", made["id"], ping["id"])
    assert replayed.returncode == 0, replayed.stderr
    _wait_for(lambda: len(receiver.got) == 2)
    headers, body = receiver.got[1]
    for secret in (made["secret"], rotated["secret"]):
        assert Webhook(secret).verify(body, headers)["type"] == "ping"
    (tmp_path / "body").write_bytes(body)
    words = ["webhooks", "verify", str(tmp_path / "body"), "--secret", rotated["secret"]]
    words += ["--id", headers["webhook-id"], "--timestamp", headers["webhook-timestamp"]]
    assert local_aws.sluice(*words, "--signature", headers["webhook-signature"]).stdout == "genuine\n"
    assert local_aws.sluice(*words, "--signature", "v1,AAAA").returncode == 1
    assert made["id"] in local_aws.sluice("webhooks", "ls").stdout
    assert "delivered" in local_aws.sluice("webhooks", "deliveries", made["id"]).stdout
    assert local_aws.sluice("webhooks", "rm", made["id"]).returncode == 0
