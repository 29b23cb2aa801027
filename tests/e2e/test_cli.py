"""Each family of verbs once against the local AWS, in this process: what it prints as JSON, and what it leaves with."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sluice.cli import main
from sluice.dead_letters import chosen_ones, redrive
from sluice.event_tap import tapped
from sluice.flags import Chosen
from sluice.place import Place, place_of
from tests.e2e.clips import clip
from tests.e2e.conftest import LocalAws


@pytest.fixture
def place(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Place:
    """The local AWS, as verbs of this process find it."""
    for name, value in local_aws.environ.items():
        if name.startswith("SLUICE_"):
            monkeypatch.setenv(name, value)
    for name in ("SLUICE_URL", "SLUICE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    return place_of(Chosen())


def _run(*words: str) -> Result:
    return CliRunner().invoke(main, list(words), catch_exceptions=False)


def _json(*words: str) -> Any:
    done = _run(*words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.mark.usefixtures("place")
def test_verbs_of_assets(tmp_path: Path) -> None:
    """Estimated, uploaded, listed, shown, refused a retry, and removed; what is not there leaves with 5."""
    video = clip(tmp_path / "clip.mp4", seconds=1)
    estimated = _json("estimate", str(video))
    assert {each["encoder"] for each in estimated["estimates"]} == {"lambda", "mediaconvert"}
    asset = _json("upload", str(video), "--encoder", "lambda", "--passthrough", "p", "--wait", "--quiet")
    assert (asset["status"], asset["encoder"], asset["passthrough"]) == ("ready", "lambda", "p")
    assert asset["id"] in {each["id"] for each in _json("assets", "ls", "--stage", "local")}
    assert _json("assets", "token", asset["id"])["video"]["hls"]
    refused = _run("assets", "retry", asset["id"])
    assert (refused.exit_code, refused.output.count("\n")) == (1, 1)
    lines = [json.loads(line) for line in _run("logs", asset["id"], "--json").stdout.splitlines()]
    assert any(line["function"] == "Render" and asset["id"] in line["message"] for line in lines)
    assert _json("assets", "rm", asset["id"], "--yes") == {"deleted": [asset["id"]]}
    assert _run("assets", "get", "as_01ARZ3NDEKTSV4RRFFQ69G5FAV").exit_code == 5


@pytest.mark.usefixtures("place")
def test_verbs_that_look_at_the_deployment() -> None:
    """The doctor finds nothing that fails in a fresh local AWS."""
    findings = {each["check"]: each for each in _json("doctor")}
    assert {name for name, each in findings.items() if each["status"] == "failed"} == set()
    for name in ("emulator", "API", "API key", "stack", "parameters", "CORS of the buckets", "dead letters"):
        assert findings[name]["status"] == "ok", findings[name]
    assert len(_json("quotas")) > 15
    assert {each["queue"] for each in _json("dlq", "ls")} >= {"encode", "ingest", "events", "webhooks", "notifications"}
    assert _json("keys")["api_key"].startswith("sk_local_")


def test_dead_letters_go_back_to_their_queue(place: Place) -> None:
    """By its real queues: the message is in the source afterwards and no longer among the dead."""
    (queue,) = chosen_ones(place, ("notifications",))
    sqs = place.client("sqs")
    sqs.send_message(QueueUrl=queue.url, MessageBody="a dead letter")
    assert redrive(place, queue) == 1
    (again,) = chosen_ones(place, ("notifications",))
    assert again.messages == 0
    bodies = []
    while found := sqs.receive_message(QueueUrl=queue.sources[0], MaxNumberOfMessages=10).get("Messages"):
        bodies += [message["Body"] for message in found]
    assert "a dead letter" in bodies


def test_events_are_tapped_from_the_bus(place: Place) -> None:
    """A listener without a webhook gets what is put on the bus, and leaves no rule and no queue behind."""
    event = {"id": "ev_1", "type": "asset.updated", "data": {}}
    with tapped(place, ["asset.updated"]) as coming:
        entry = {"EventBusName": place.outputs()["EventBusName"], "Source": "sluice", "DetailType": event["type"]}
        sent = place.client("events").put_events(Entries=[{**entry, "Detail": json.dumps(event)}])
        assert sent["FailedEntryCount"] == 0
        got: list[Any] = []
        waiting = Thread(target=lambda: got.append(next(coming)), daemon=True)
        waiting.start()
        waiting.join(30)
    assert got == [event]
    assert not place.client("sqs").list_queues(QueueNamePrefix=f"{place.stack}-listen-").get("QueueUrls")
    rules = place.client("events").list_rules(EventBusName=place.outputs()["EventBusName"])["Rules"]
    assert not [rule for rule in rules if "-listen-" in rule["Name"]]
