"""A composition goes in, a playable video comes out: the render verbs on the deployed local AWS, in a real browser."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.clips import run_ffmpeg
from tests.e2e.conftest import ROOT, SLUICE, LocalAws, processes_that_name

# Half of the picture is the colour that the variable names; the other half moves.
PAGE = """<!doctype html><meta charset="utf-8">
<style>html, body {{ margin: 0; background: #000 }} div {{ position: absolute; height: 180px; width: 160px }}</style>
<div data-composition-id="root" data-start="0" data-width="320" data-height="180" data-duration="{seconds}"
     data-composition-variables='[{{"id": "colour", "type": "string", "label": "Colour", "default": "#ff0000"}}]'>
  <div id="still"></div><div id="moving" style="left: 160px; background: #fff"></div>
</div>
<script>
  document.getElementById("still").style.background = window.__hyperframes?.getVariables?.().colour ?? "#ff0000";
  document.getElementById("moving").animate([{{ opacity: 0 }}, {{ opacity: 1 }}], {{ duration: {seconds}000 }});
</script>
"""


def _project(folder: Path, seconds: int = 2) -> Path:
    folder.mkdir(parents=True)
    (folder / "index.html").write_text(PAGE.format(seconds=seconds))
    return folder


def _video(path: Path) -> tuple[str, int, str]:
    """Dimensions, number of decoded frames, time base of each."""
    lines = run_ffmpeg("-i", str(path), "-map", "0:v:0", "-f", "framecrc", "-").splitlines()
    facts = dict(line[1:].split(" 0: ") for line in lines if line.startswith("#") and " 0: " in line)
    return facts["dimensions"], sum(not line.startswith("#") for line in lines), facts["tb"]


def _pixel(path: Path, frame: int, x: int, y: int) -> tuple[int, ...]:
    raw = path.with_suffix(".rgb")
    chosen = f"select=eq(n\\,{frame}),crop=2:2:{x}:{y}:exact=1,format=rgb24"
    run_ffmpeg("-i", str(path), "-vf", chosen, "-frames:v", "1", "-f", "rawvideo", str(raw))
    return tuple(raw.read_bytes()[:3])


def _latest(local_aws: LocalAws) -> dict[str, Any]:
    render: dict[str, Any] = local_aws.api("GET", "/v1/renders?limit=1").raise_for_status().json()["data"][0]
    return render


def test_a_project_becomes_a_video(local_aws: LocalAws, tmp_path: Path) -> None:
    """Of the composition's size, with every frame of every chunk, each showing its own moment."""
    out = tmp_path / "card.mp4"
    done = local_aws.sluice(
        *(
            "render",
            str(_project(tmp_path / "card")),
            "--out",
            str(out),
            "--fps",
            "25",
            "--chunk-frames",
            "20",
            "--json",
        )
    )
    assert done.returncode == 0, done.stderr
    render = json.loads(done.stdout)
    assert (render["status"], render["width"], render["height"], render["duration"]) == ("succeeded", 320, 180, 2)
    assert render["progress"]["frames_done"] == render["progress"]["frames_total"] == 50
    assert render["progress"]["chunks_done"] == render["progress"]["chunks_total"] == 3
    assert render["output"]["size"] == out.stat().st_size
    assert render["cost"]["breakdown"]["lambda"] > 0
    assert _video(out)[:2] == ("320x180", 50)
    for frame in (0, 25, 49):
        red = _pixel(out, frame, 80, 90)
        grey = _pixel(out, frame, 240, 90)
        assert red[0] > 240
        assert max(red[1:]) < 15
        assert max(abs(channel - 255 * frame / 50) for channel in grey) < 8, frame


def test_the_same_project_is_stored_once(local_aws: LocalAws, tmp_path: Path) -> None:
    """Two folders with the same files are one site."""
    ids = [
        local_aws.sluice("sites", "create", str(_project(tmp_path / name))).stdout.strip() for name in ("one", "two")
    ]
    assert ids[0].startswith("st_")
    assert ids[0] == ids[1]


def test_a_project_that_cannot_be_rendered_says_why(local_aws: LocalAws, tmp_path: Path) -> None:
    """On the terminal and on the record, by the code of the error; there is no file."""
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "index.html").write_text("<p>How long is a page?")
    done = local_aws.sluice("render", str(folder), "--out", str(tmp_path / "bad.mp4"))
    assert done.returncode == 1
    assert "composition-unplayable" in done.stdout
    assert not (tmp_path / "bad.mp4").exists()
    assert [error["code"] for error in _latest(local_aws)["errors"]] == ["composition-unplayable"]


def test_a_render_stops_at_its_cost(local_aws: LocalAws, tmp_path: Path) -> None:
    """What max_cost_usd allows is not much overdrawn, and the record says that this was it."""
    folder = str(_project(tmp_path / "dear", seconds=4))
    done = local_aws.sluice(
        *("render", folder, "--out", str(tmp_path / "a.mp4"), "--max-cost", "0.00001", "--chunk-frames", "10", "--json")
    )
    assert done.returncode == 1
    render = json.loads(done.stdout)
    assert (render["status"], [error["code"] for error in render["errors"]]) == ("failed", ["cost-limit-reached"])


def test_a_batch_renders_each_line(local_aws: LocalAws, tmp_path: Path) -> None:
    """What fails is told by its line; the other is rendered all the same, with its own options."""
    good, bad = _project(tmp_path / "good", seconds=1), tmp_path / "bad"
    bad.mkdir()
    (bad / "index.html").write_text("<p>")
    out = tmp_path / "good.gif"
    lines = [
        {"dir": str(good), "out": str(out), "fps": 10},
        {"dir": str(bad), "out": str(tmp_path / "bad.mp4")},
    ]
    file = tmp_path / "batch.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    done = local_aws.sluice("render-batch", str(file), "--max-concurrent", "2", "--json")
    assert done.returncode == 1
    outcomes = json.loads(done.stdout)
    assert [outcome["ok"] for outcome in outcomes] == [True, False]
    assert "composition-unplayable" in outcomes[1]["problem"]
    assert _video(out)[:2] == ("320x180", 10)


def test_ctrl_c_cancels_the_work(local_aws: LocalAws, tmp_path: Path) -> None:
    """The render is cancelled, its browsers end, nothing more is billed, and no file is left."""
    out = tmp_path / "out" / "long.mp4"
    command = [
        *SLUICE,
        "render",
        str(_project(tmp_path / "long", seconds=600)),
        "--out",
        str(out),
        "--max-parallel",
        "2",
    ]
    running = subprocess.Popen(command, cwd=ROOT, env=local_aws.environ, stderr=subprocess.PIPE, text=True)
    assert running.stderr is not None
    with running.stderr as said:
        for line in said:
            if "rendering" in line:
                break
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 130
        assert "cancelled" in said.read()
    render = _latest(local_aws)
    assert (render["status"], render["errors"]) == ("cancelled", [])
    assert render["progress"]["chunks_done"] < render["progress"]["chunks_total"]
    home = Path(local_aws.environ["SLUICE_HOME"])
    until = time.monotonic() + 30
    while browsers := [command for command in processes_that_name(home) if "--headless" in command]:
        assert time.monotonic() < until, browsers
        time.sleep(0.2)
    # What was under way is on the bill when it has ended; then it stays as it is.
    billed = -1.0
    while billed != (now := _latest(local_aws)["cost"]["accrued_usd"]):
        assert time.monotonic() < until, (billed, now)
        billed = now
        time.sleep(3)
    assert local_aws.sluice("renders", "cancel", render["id"]).returncode == 0
    assert not out.parent.exists()


@pytest.mark.parametrize("render_id", ["rn_none"])
def test_an_unknown_render_is_one_line(local_aws: LocalAws, render_id: str) -> None:
    """The problem's own words and its code, not a traceback."""
    done = local_aws.sluice("renders", "get", render_id)
    assert (done.returncode, done.stderr.count("\n")) == (5, 1)
    assert "(render-not-found)" in done.stderr
