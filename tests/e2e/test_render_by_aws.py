"""docs/render-by-aws.md, run as it is written: boto3 and nothing of ours."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from sluice.clients import REGION, ROOT_KEY_ID, ROOT_SECRET
from sluice.deploy import STACK
from sluice.paths import GATEWAY_PORT
from tests.e2e.clips import run_ffmpeg
from tests.e2e.conftest import ROOT, LocalAws

_DOCUMENT = (ROOT / "docs" / "render-by-aws.md").read_text()


def test_what_the_document_says_is_so(local_aws: LocalAws, tmp_path: Path) -> None:
    """Its blocks, one after another, in a stranger's folder: the video is there, and refusals are as told."""
    # Where a local AWS is unless told otherwise.
    assert f"AWS_ENDPOINT_URL=http://127.0.0.1:{GATEWAY_PORT} " in _DOCUMENT
    script = "\n".join(re.findall(r"```python\n(.*?)```", _DOCUMENT, re.DOTALL))
    environ = {
        "PATH": local_aws.environ["PATH"],
        "AWS_ENDPOINT_URL": str(local_aws.clients.s3.meta.endpoint_url),
        "AWS_ACCESS_KEY_ID": ROOT_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": ROOT_SECRET,
        "AWS_DEFAULT_REGION": REGION,
        "STACK": STACK,
    }
    done = subprocess.run(
        # -P: nothing is imported from the folder that tests run in.
        [sys.executable, "-P", "-c", script],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[0].startswith("SUCCEEDED None")
    assert done.stdout.splitlines()[-1].endswith("renders/steps/output.mp4 24 frames")
    told = run_ffmpeg("-i", str(tmp_path / "card.mp4"), "-map", "0:v:0", "-f", "framecrc", "-")
    assert len(re.findall(r"(?m)^0,", told)) == 24
