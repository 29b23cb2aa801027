"""Every process may die at any instant: work that a crash has taken is found and finished by the schedule.

The schedule's minute and the quarter of one that a record must lie still are not waited for as they come: once the
local AWS is up again the test calls what the schedule's rule names, as the rule would.
"""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

from tests.e2e.clips import clip
from tests.e2e.conftest import ROOT, LocalAws, as_warm, own_home, processes_that_name, run_verb


def test_an_encode_that_a_crash_took_is_finished_after_the_restart(local_aws: LocalAws, tmp_path: Path) -> None:
    """The local AWS is killed in mid-encode; after the next `up` the asset becomes ready by itself."""
    home = tmp_path / "home"
    as_warm(home, local_aws)
    environ = own_home(home)
    try:
        up = json.loads(run_verb(["up", "--detach", "--json"], environ))
        local = LocalAws(up["url"], up["api_key"], environ)
        video = clip(tmp_path / "clip.mp4", seconds=16, size="1280x720")
        sent = local.sluice("upload", str(video), "--json")
        asset_id = json.loads(sent.stdout)["id"]
        _await_encoding(local, asset_id)

        supervisor = json.loads((home / "run" / "supervisor.json").read_text())["pid"]
        os.kill(supervisor, signal.SIGKILL)
        _await_end(home)

        run_verb(["up", "--detach", "--json"], environ)
        asset = _ended(local, asset_id)
        assert asset["status"] == "ready", asset["errors"]
        assert asset["attempt"] == 2
        assert abs(asset["duration"] - 16) < 0.05
    finally:
        run_verb(["down"], environ)


def _ended(local: LocalAws, asset_id: str) -> dict[str, Any]:
    """The asset when it has ended, the schedule's rule having come round as often as it takes."""
    events = local.clients.client("events")
    (rule,) = [each for each in events.list_rules()["Rules"] if each.get("ScheduleExpression") == "rate(1 minute)"]
    (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert rule["State"] == "ENABLED"
    event = (ROOT / "stepfunctions" / "sample-events" / "functions" / "cleanup.json").read_bytes()
    until = time.monotonic() + 200
    while time.monotonic() < until:
        swept = local.clients.functions.invoke(FunctionName=target["Arn"], Payload=event)
        assert "FunctionError" not in swept, swept["Payload"].read()
        asset: dict[str, Any] = local.api("GET", f"/v1/assets/{asset_id}").json()
        if asset["status"] != "preparing":
            return asset
        time.sleep(1)
    raise AssertionError("the work that the crash took was not found")


def _await_encoding(local: LocalAws, asset_id: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        progress = local.api("GET", f"/v1/assets/{asset_id}").json()["progress"]
        if progress["state"] == "encoding":
            return
        time.sleep(0.1)
    raise AssertionError("the encode did not begin")


def _await_end(home: Path) -> None:
    """A kill takes the whole tree with it, without anybody's help."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        left = processes_that_name(home)
        if not left:
            return
        time.sleep(0.2)
    raise AssertionError(f"the crash left {left}")
