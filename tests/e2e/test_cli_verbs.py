"""Many verbs one after the other against one local AWS, in this process: with --json and without, and used wrongly."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sluice import uploading
from tests.e2e.clips import clip
from tests.e2e.conftest import ROOT, LocalAws
from tests.e2e.test_cli import _json, _run, place

__all__ = ("place",)

NONE = "01arz3ndektsv4rrffq69g5fav"
FILLING_BYTES = 66 * 1024 * 1024
COMPOSITION = """<!doctype html><meta charset=utf-8><body>
<main data-composition-id=main data-width=64 data-height=64 data-duration=0.2></main>"""

# Each names something that is not there.
MISSING: tuple[tuple[str, ...], ...] = (
    *(("assets", verb, f"as_{NONE}") for verb in ("get", "cancel", "retry", "token")),
    ("assets", "rm", "--yes", f"as_{NONE}"),
    ("assets", "get", "../health"),
    ("renditions", "ls", f"as_{NONE}"),
    ("renditions", "create", f"as_{NONE}", "--type", "m4a"),
    *(("renders", verb, f"rn_{NONE}") for verb in ("get", "cancel")),
    ("renders", "rm", "--yes", f"rn_{NONE}"),
    *(("webhooks", verb, f"wh_{NONE}") for verb in ("trigger", "deliveries", "rotate", "rm")),
    ("webhooks", "replay", f"wh_{NONE}", f"dl_{NONE}"),
    *(("keys", verb, f"ak_{NONE}") for verb in ("rotate", "rm")),
    ("logs", f"rn_{NONE[::-1]}"),
    ("dlq", "redrive", "nothing"),
)

pytestmark = pytest.mark.usefixtures("place")


@pytest.mark.parametrize("words", MISSING, ids=lambda words: " ".join(words[:2]))
def test_what_is_not_there_leaves_with_5(words: tuple[str, ...]) -> None:
    """One line on standard error that says so, and nothing on standard output."""
    done = _run(*words)
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (5, "", 1), done.output


def test_a_wrong_key_and_a_wrong_address_leave_with_1() -> None:
    """Each says which of the two it was."""
    for words, said in (
        (("--api-key", "sk_wrong"), "unauthorized"),
        (("--url", "http://127.0.0.1:9", "--api-key", "x"), "no answer"),
    ):
        done = _run("renders", "ls", *words)
        assert (done.exit_code, said in done.stderr, done.stderr.count("\n")) == (1, True, 1), done.output


def test_a_folder_is_uploaded(tmp_path: Path) -> None:
    """Every video in it, also of folders below; what fails does not stop the others, and is told at the end."""
    (tmp_path / "below").mkdir()
    good = clip(tmp_path / "below" / "good.mp4", seconds=1, size="64x64")
    (tmp_path / "bad.mp4").write_text("Dear video, " * 100)
    (tmp_path / "notes.txt").touch()
    done = _run("upload", str(tmp_path), "--wait", "--json")
    assert done.exit_code == 1
    assert [(each["filename"], each["status"]) for each in json.loads(done.stdout)] == [
        ("bad.mp4", "errored"),
        ("good.mp4", "ready"),
    ]
    assert done.stderr.splitlines()[-2:] == [
        "sluice: bad.mp4 was not published",
        "sluice: 1 of 2 were not published",
    ]
    # Without a terminal there is a line for each state, and no bar.
    assert "%" not in done.stderr
    plain = _run("upload", str(good), "--quiet")
    assert (plain.exit_code, plain.stderr, plain.stdout.startswith("as_")) == (0, "", True)


def test_an_interrupted_upload_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same command again sends the parts that are missing, and it is the same asset; no note is left."""
    video = clip(tmp_path / "large.mp4", seconds=1, size="64x64")
    with video.open("ab") as file:
        file.write((FILLING_BYTES + 8).to_bytes(4) + b"free")
        file.truncate(file.tell() + FILLING_BYTES)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(uploading, "_PARALLEL_PARTS", 1)
    real = uploading._put_once
    sent: list[int] = []

    def cut_off(part: uploading.Slice, *rest: Any) -> Any:
        if len(sent) == 2:
            raise KeyboardInterrupt
        sent.append(part.start)
        return real(part, *rest)

    monkeypatch.setattr(uploading, "_put_once", cut_off)
    stopped = _run("upload", str(video))
    assert (stopped.exit_code, "the same command goes on" in stopped.stderr) == (130, True), stopped.output

    def count(part: uploading.Slice, *rest: Any) -> Any:
        sent.append(part.start)
        return real(part, *rest)

    monkeypatch.setattr(uploading, "_put_once", count)
    asset = _json("upload", str(video), "--wait")
    assert asset["status"] == "ready"
    assert sent == sorted(set(sent))
    assert len(sent) > 3
    assert list((tmp_path / "state" / "sluice" / "uploads").iterdir()) == []


def test_verbs_of_renders_and_renditions(tmp_path: Path, published: dict[str, Any]) -> None:
    """Stored, rendered without waiting, listed, fetched later; an ended one is cancelled no more. A file is made."""
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "index.html").write_text(COMPOSITION)
    site = _json("sites", "create", str(tmp_path / "project"))
    begun = _json("render", str(tmp_path / "project"), "--no-wait", "--fps", "10", "--quality", "draft")
    assert begun["site_id"] == site["id"]
    made = _json("renditions", "create", published["id"], "--type", "m4a", "--wait")
    assert made["id"] in _run("renditions", "ls", published["id"]).stdout
    lines = tmp_path / "batch.jsonl"
    line = {"dir": str(tmp_path / "project"), "out": str(tmp_path / "batch.mp4"), "fps": 10, "quality": "draft"}
    lines.write_text(json.dumps(line) + "\n")
    batch = _run("render-batch", str(lines))
    assert (batch.exit_code, batch.stdout) == (0, "1 of 1 rendered\n"), batch.output
    assert begun["id"] in _run("renders", "ls").stdout
    out = tmp_path / "later.mp4"
    fetched = _run("renders", "get", begun["id"], "--out", str(out))
    assert (fetched.exit_code, str(out) in fetched.stdout, out.stat().st_size > 500) == (0, True, True), fetched.output
    assert _run("renders", "cancel", begun["id"]).exit_code == 1
    assert begun["id"] in _run("logs", begun["id"]).stdout
    assert _json("renders", "rm", begun["id"], "--yes") == {"deleted": [begun["id"]]}
    assert begun["id"] not in _run("renders", "ls").stdout


def test_verbs_of_webhooks_and_keys() -> None:
    """Made, used, exchanged, listed and removed; a secret is printed once."""
    hook = _json("webhooks", "create", "http://127.0.0.1:9/hooks", "--event", "asset.ready")
    delivery = _json("webhooks", "trigger", hook["id"])
    assert delivery["id"] in _run("webhooks", "deliveries", hook["id"]).stdout
    assert _json("webhooks", "replay", hook["id"], delivery["id"])["id"] == delivery["id"]
    assert _run("webhooks", "rotate", hook["id"]).stdout.splitlines()[1] != hook["secret"]
    assert hook["secret"] not in _run("webhooks", "ls", "--json").stdout
    assert _run("webhooks", "rm", hook["id"]).stdout == f"deleted {hook['id']}\n"

    key = _json("keys", "create", "a reader", "--scope", "read", "--expires", "1h")
    assert _run("assets", "ls", "--api-key", key["key"]).exit_code == 0
    refused = _run("keys", "ls", "--api-key", key["key"])
    assert (refused.exit_code, "scope-missing" in refused.stderr) == (1, True)
    fresh = _json("keys", "rotate", key["id"], "--old-for", "1m")
    assert _run("assets", "ls", "--api-key", fresh["key"]).exit_code == 0
    assert "a reader" in _run("keys", "ls").stdout
    assert _run("keys", "rm", key["id"]).stdout == f"deleted {key['id']}\n"
    assert "a reader" not in _run("keys", "ls").stdout


def test_completion_works_in_bash(local_aws: LocalAws, tmp_path: Path) -> None:
    """A shell that loads the script offers the verbs that begin as the word does, and no others."""
    program = tmp_path / "sluice"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sluice "$@"\n')
    program.chmod(0o755)
    environ = {**local_aws.environ, "PATH": f"{tmp_path}:{local_aws.environ['PATH']}"}
    bash = shutil.which("bash")
    assert bash
    ask = "COMP_WORDS=(sluice assets c); COMP_CWORD=2; _sluice_completion sluice; echo ${COMPREPLY[*]}"
    script = f"{_run('completion', 'bash').stdout}\n{ask}"
    words = [bash, "--norc", "-c", script]
    done = subprocess.run(words, cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout.strip().split(",")[-1]) == (0, "cancel"), done.stderr
