"""Up, down, and every way of dying: what runs is found again, what is stored stays, what is started ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sluice.failure import OperatorError
from sluice.lifecycle import down, up_detached
from sluice.report import Report
from tests.local_aws import ToyAws, free_port

_QUIET = Report(quiet=True)


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToyAws]:
    made = ToyAws.under(tmp_path_factory.mktemp("lifecycle"))
    try:
        yield made
    finally:
        made.down()


def _health(toy: ToyAws) -> dict[str, object]:
    with urllib.request.urlopen(f"{toy.local.origin_url}/v1/health", timeout=20) as answer:  # noqa: S310  our own
        document: dict[str, object] = json.loads(answer.read())
        return document


def _soon(condition: Callable[[], bool], within_s: float = 8.0) -> bool:
    deadline = time.monotonic() + within_s
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def test_a_second_up_finds_the_first(toy: ToyAws) -> None:
    """Up prints the address and key of what runs already, and starts nothing."""
    first = up_detached(toy.local, _QUIET)
    before = toy.facts.pid
    second = up_detached(toy.local, _QUIET)

    assert _health(toy)["ok"] is True
    assert (second.url, second.api_key) == (first.url, first.api_key)
    assert (first.already_running, second.already_running) == (False, True)
    assert toy.facts.pid == before


def test_a_second_up_deploys_changed_code(toy: ToyAws) -> None:
    """Code that has changed is deployed into the running local AWS, and its origin serves it."""
    toy.up()
    app = toy.local.project.root / "app.py"
    app.write_text(app.read_text().replace('{"ok": True,', '{"ok": True, "new": 1,'))
    up_detached(toy.local, _QUIET)

    assert _soon(lambda: _health(toy).get("new") == 1)


def test_only_its_owner_reads_the_key(toy: ToyAws) -> None:
    """The development key lies in a file that nobody else can read."""
    toy.up()

    assert toy.local.home.key_file.stat().st_mode & 0o777 == 0o600


def test_it_listens_on_loopback_only(toy: ToyAws) -> None:
    """Nothing of the local AWS can be reached from another machine."""
    toy.up()
    wanted = {f"{toy.local.origin_port:04X}", f"{toy.local.gateway_port:04X}"}
    listening = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for row in Path(table).read_text().splitlines()[1:]:
            address, port = row.split()[1].split(":")
            if port in wanted and row.split()[3] == "0A":
                listening.add((address, port))

    assert listening == {("0100007F", port) for port in wanted}


@pytest.mark.parametrize("victim", ["supervisor", "emulator", "both"])
def test_a_killed_process_takes_the_rest_along(toy: ToyAws, victim: str) -> None:
    """After kill -9 of supervisor or emulator nothing is left, and the next up finds all that was stored."""
    toy.up()
    toy.clients.s3.put_object(Bucket=toy.outputs["MediaBucketName"], Key=f"media/{victim}", Body=b"kept")
    toy.clients.dynamodb.put_item(TableName="sluice-local", Item={"pk": {"S": victim}, "sk": {"S": "kept"}})
    arn = toy.clients.states.start_execution(stateMachineArn=toy.outputs["MachineArn"], input="{}")["executionArn"]
    assert _soon(lambda: toy.clients.states.describe_execution(executionArn=arn)["status"] == "SUCCEEDED")
    # What is in memory is saved every two seconds.
    time.sleep(2.5)
    facts = toy.facts
    for pid in {"supervisor": [facts.pid], "emulator": [facts.emulator_pid]}.get(
        victim, [facts.emulator_pid, facts.pid]
    ):
        os.kill(pid, signal.SIGKILL)

    assert _soon(lambda: not toy.processes() and not facts.process.is_alive())
    toy.up()
    assert _health(toy)["ok"] is True
    stored = toy.clients.s3.get_object(Bucket=toy.outputs["MediaBucketName"], Key=f"media/{victim}")["Body"].read()
    assert stored == b"kept"
    key = {"pk": {"S": victim}, "sk": {"S": "kept"}}
    assert "Item" in toy.clients.dynamodb.get_item(TableName="sluice-local", Key=key)
    assert toy.clients.states.describe_execution(executionArn=arn)["status"] == "SUCCEEDED"


def test_down_leaves_no_process(toy: ToyAws) -> None:
    """Down ends the supervisor, the emulator, the functions and what they started."""
    toy.up()
    toy.clients.functions.invoke(
        FunctionName=toy.outputs["RenderFunctionName"],
        InvocationType="Event",
        Payload=json.dumps({"Action": "encode", "seconds": 60}),
    )
    assert _soon(lambda: any("ffmpeg" in _command(process.pid) for process in toy.processes()))
    supervisor = toy.facts.process
    down(toy.local)

    assert not supervisor.is_alive()
    assert toy.processes() == []
    assert down(toy.local) == 0


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def test_a_taken_port_is_one_clear_line(toy: ToyAws) -> None:
    """When another program holds our port, up says which and what to do, and leaves nothing."""
    down(toy.local)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        local = replace(toy.local, origin_port=other.getsockname()[1], gateway_port=free_port())
        with pytest.raises(OperatorError) as caught:
            up_detached(local, _QUIET)

    assert caught.value.message == (
        f"port {local.origin_port} is taken by another program; run: sluice up --port <another>"
    )
    assert toy.processes() == []


def test_broken_code_is_one_clear_line(toy: ToyAws) -> None:
    """An app that can not be imported is reported by its own error."""
    down(toy.local)
    app = toy.local.project.root / "app.py"
    code = app.read_text()
    app.write_text(code + "\nimport nothing_of_that_name\n")
    try:
        with pytest.raises(OperatorError, match="No module named 'nothing_of_that_name'") as caught:
            up_detached(toy.local, _QUIET)
    finally:
        app.write_text(code)

    assert "\n" not in caught.value.message
    assert toy.processes() == []
