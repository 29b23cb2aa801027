"""Every process may die at any instant: work that a crash has taken is found and finished by the schedule."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

from tests.e2e.clips import clip
from tests.e2e.conftest import LocalAws, own_home, processes_that_name, run_verb


def test_an_encode_that_a_crash_took_is_finished_after_the_restart(tmp_path: Path) -> None:
    """The local AWS is killed in mid-encode; after the next `up` the asset becomes ready by itself."""
    home = tmp_path / "home"
    environ = own_home(home)
    try:
        up = json.loads(run_verb(["up", "--detach", "--json"], environ))
        local = LocalAws(up["url"], up["api_key"], environ)
        video = clip(tmp_path / "clip.mp4", seconds=40, size="1280x720")
        sent = local.sluice("upload", str(video), "--json")
        asset_id = json.loads(sent.stdout)["id"]
        _await_encoding(local, asset_id)

        supervisor = json.loads((home / "run" / "supervisor.json").read_text())["pid"]
        os.kill(supervisor, signal.SIGKILL)
        _await_end(home)

        run_verb(["up", "--detach", "--json"], environ)
        asset = local.settled(asset_id, timeout_s=200)
        assert asset["status"] == "ready", asset["errors"]
        assert asset["attempt"] == 2
        assert abs(asset["duration"] - 40) < 0.05
    finally:
        run_verb(["down"], environ)


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
