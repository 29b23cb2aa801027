"""`make smoke`, at a small size, on the deployed local AWS."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from sluice.clients import LocalClients
from sluice.deploy import STACK
from sluice.paths import Local
from tests.e2e.clips import FFMPEG
from tests.e2e.conftest import ROOT, LocalAws
from tests.fixtures.compositions import make_project


def objects_of(local_aws: LocalAws, *prefixes: str) -> list[str]:
    """Keys in the bucket of projects and renders that begin so."""
    clients = LocalClients(Local.from_env(local_aws.environ))
    (stack,) = clients.cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    bucket = next(each["OutputValue"] for each in stack["Outputs"] if each["OutputKey"] == "SourceBucketName")
    pages = [clients.s3.list_objects_v2(Bucket=bucket, Prefix=prefix) for prefix in prefixes]
    return [found["Key"] for page in pages for found in page.get("Contents", [])]


def test_smoke_compares_each_render_and_leaves_nothing(local_aws: LocalAws, tmp_path: Path) -> None:
    """One and two chunks by the state machine give the video of this process, and what was made for it is deleted."""
    project, out = make_project("audio", tmp_path, FFMPEG), tmp_path / "out"
    words = ["--project", str(project), "--counts", "1,2", "--out", str(out)]
    done = subprocess.run(
        [sys.executable, "-m", "smoke", *words],
        cwd=ROOT,
        env=local_aws.environ,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads((out / "results.json").read_text())
    assert [result["chunk_count"] for result in results] == [1, 2]
    assert all(result["passed"] and result["audio_residual"] == 0 for result in results)
    for count in (1, 2):
        events = json.loads((out / "history" / f"chunks-{count}.json").read_text())
        assert (events[0]["type"], events[-1]["type"]) == ("ExecutionStarted", "ExecutionSucceeded")
        assert (out / "videos" / f"chunks-{count}.mp4").stat().st_size > 0
    assert (out / "plot.svg").is_file()
    assert objects_of(local_aws, "projects/smoke-", "renders/smoke-") == []
    assert local_aws.api("GET", "/v1/health").status_code == 200
