"""Every command of the README is run as it is written; only address, home and clip are put in their places."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.clips import clip
from tests.e2e.conftest import ROOT, LocalAws, own_home, processes_that_name

README = (ROOT / "README.md").read_text()
COMMANDS = [
    line for block in re.findall(r"```sh\n(.*?)```", README, flags=re.S) for line in block.splitlines() if line.strip()
]
NOT_HERE = {
    "make test": "is what runs this",
    "make deploy STAGE=dev": "is what tests/e2e/test_deploy.py does, by its own name",
    "aws": "needs an account",
    "sed": "is what tests/e2e/test_render_contract.py does with the same sample",
    "sluice up --detach": "the fixture has run it",
    "sluice down": "the fixture will run it",
}
TRACKS = [line for line in COMMANDS if line.startswith("curl") and "/tracks?" in line]
API = [line for line in COMMANDS if line.startswith(("curl", "export")) and line not in TRACKS]
VERBS = [line for line in COMMANDS if line.startswith("sluice") and line not in NOT_HERE]


def test_no_command_is_left_out() -> None:
    """A command that is new in the README is run here, or is named with the reason why not."""
    rest = [line for line in COMMANDS if line not in API + TRACKS + VERBS and line != "make run"]
    assert [line for line in rest if line not in NOT_HERE and line.split()[0] not in NOT_HERE] == []


@pytest.fixture
def shell_environ(local_aws: LocalAws, tmp_path: Path) -> dict[str, str]:
    """A shell whose PATH has what `make setup` installed, in a folder with a clip and the examples."""
    if shutil.which("curl") is None:
        pytest.fail("curl is missing; run: apt-get install -y curl")
    clip(tmp_path / "clip.mp4", seconds=2)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    path = f"{Path(sys.executable).parent}{os.pathsep}{local_aws.environ['PATH']}"
    return {**local_aws.environ, "PATH": path}


def _shell(script: str, environ: dict[str, str], folder: Path) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("command", VERBS)
@pytest.mark.usefixtures("published")
def test_verbs(shell_environ: dict[str, str], tmp_path: Path, command: str) -> None:
    """Each verb of the command line ends well and says something, where there is an asset."""
    assert _shell(command, shell_environ, tmp_path)


def test_curl_commands(local_aws: LocalAws, shell_environ: dict[str, str], tmp_path: Path) -> None:
    """With nothing but curl a clip is uploaded in each of the ways shown, and every one of them becomes an asset."""
    before = {asset["id"] for asset in local_aws.api("GET", "/v1/assets").json()["data"]}
    home = local_aws.environ["SLUICE_HOME"]
    places = {"http://127.0.0.1:8000": local_aws.base_url, ".local/": f"{home}/"}
    exports = "".join(f"{line}\n" for line in API if line.startswith("export"))
    announced = set()
    for command in (line for line in API if line.startswith("curl")):
        script = exports + command
        for shown, real in places.items():
            script = script.replace(shown, real)
        output = _shell(script, shell_environ, tmp_path)
        if output:
            answer = json.loads(output)
            assert "code" not in answer, output
            announced.add(answer.get("asset_id"))
    made = [asset for asset in local_aws.api("GET", "/v1/assets").json()["data"] if asset["id"] not in before]
    waiting = [asset for asset in made if asset["filename"] == "clip.mp4" and asset["status"] != "errored"]
    assert len(made) == len(waiting) == sum(line.startswith("curl") for line in API) - 1
    ends = [local_aws.settled(asset["id"])["status"] for asset in made if asset["id"] not in announced]
    assert ends == ["ready"] * 4


def test_a_track_is_added(local_aws: LocalAws, shell_environ: dict[str, str], tmp_path: Path) -> None:
    """The file of subtitles that curl sends is a track of the asset."""
    asset = local_aws.publish(tmp_path / "clip.mp4")
    (tmp_path / "film.de.srt").write_text("1\n00:00:00,000 --> 00:00:01,500\nGuten Tag\n")
    environ = {**shell_environ, "URL": local_aws.base_url, "KEY": local_aws.api_key, "ID": asset["id"]}
    (command,) = TRACKS
    made = json.loads(_shell(command, environ, tmp_path))
    assert (made["language"], made["name"], made["cues"]) == ("de", "Deutsch", 1)


def test_make_run_publishes_a_sample_and_serves(tmp_path: Path) -> None:
    """`make run` prints the player's address and serves until it is interrupted; then nothing is left."""
    environ = own_home(tmp_path)
    running = subprocess.Popen(
        ["make", "run"], cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert running.stdout is not None
    lines: list[str] = []
    try:
        for line in running.stdout:
            lines.append(line)
            if line.startswith("Serving on"):
                break
    finally:
        os.killpg(running.pid, signal.SIGINT)
        rest, _ = running.communicate(timeout=60)
    assert any(line.strip().startswith("watch it") for line in lines), "".join(lines) + rest
    assert processes_that_name(tmp_path) == []
