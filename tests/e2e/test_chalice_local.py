"""`chalice local --stage local` is the third way to the same API: against the running local AWS, no deployment."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.clips import clip
from tests.e2e.conftest import ROOT, LocalAws, free_port


@pytest.fixture
def chalice_local(local_aws: LocalAws, tmp_path: Path) -> Iterator[str]:
    """Its address. The app is copied so that the stage can name this run's gateway port."""
    app = tmp_path / "app"
    shutil.copytree(ROOT / "chalicelib", app / "chalicelib", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "app.py", app)
    config = (ROOT / ".chalice" / "config.json").read_text()
    (app / ".chalice").mkdir()
    gateway = local_aws.environ["SLUICE_GATEWAY_PORT"]
    (app / ".chalice" / "config.json").write_text(config.replace("127.0.0.1:14566", f"127.0.0.1:{gateway}"))
    port = free_port()
    command = [
        str(Path(sys.executable).with_name("chalice")),
        "local",
        "--stage",
        "local",
        "--port",
        str(port),
        "--no-autoreload",
    ]
    with (tmp_path / "log").open("w") as log, subprocess.Popen(command, cwd=app, stdout=log, stderr=log) as serving:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            serving.terminate()


def _await(url: str) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            if httpx.get(f"{url}/v1/health", timeout=5).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError("chalice local does not answer")


def test_an_upload_through_chalice_local_is_published(local_aws: LocalAws, chalice_local: str, tmp_path: Path) -> None:
    """A file posted to `chalice local` ends ready in the local AWS, and both APIs tell of the same asset."""
    _await(chalice_local)
    headers = {"Authorization": f"Bearer {local_aws.api_key}"}
    video = clip(tmp_path / "clip.mp4", seconds=2)
    with video.open("rb") as file:
        answer = httpx.post(f"{chalice_local}/upload", headers=headers, files={"file": file}, timeout=60)
    asset_id = answer.raise_for_status().json()["id"]

    assert local_aws.settled(asset_id)["status"] == "ready"
    assert httpx.get(f"{chalice_local}/v1/assets/{asset_id}", headers=headers).json()["status"] == "ready"
    refused = httpx.get(f"{chalice_local}/v1/assets")
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")
