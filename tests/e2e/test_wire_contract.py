"""The deployed API against its own description: schemathesis sends what is allowed and what is not, and looks at the
answers (tests/fuzz/schemathesis.toml says by which rules).

The last file of this folder, because of all the things that it leaves."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from tests.e2e.conftest import ROOT, LocalAws

FUZZ = ROOT / "tests" / "fuzz"
SEED = "1"


def test_schemathesis_finds_nothing(local_aws: LocalAws) -> None:
    """Every operation, at the bounds of each field and beyond them: the same requests each time."""
    words = ["--config-file", str(FUZZ / "schemathesis.toml"), "run", f"{local_aws.base_url}/v1/openapi.json"]
    words += ["--phases", "coverage", "--max-time", "150", "--seed", SEED, "--no-color", "--warnings", "off"]
    done = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", *words],
        cwd=FUZZ,
        env={**os.environ, "SLUICE_API_KEY": local_aws.api_key, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=420,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
    tested = re.search(r"Tested:\s+(\d+)", done.stdout)
    assert tested is not None, done.stdout
    assert int(tested[1]) > 50


def test_a_wrong_method_is_answered_with_those_that_are_right(local_aws: LocalAws) -> None:
    """405 and Allow; a path that there is not is 404: both as problem documents. HEAD is right where GET is."""
    wrong = local_aws.api("PUT", "/v1/assets")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method-not-allowed")
    assert sorted(wrong.headers["Allow"].split(", ")) == ["GET", "HEAD", "POST"]
    missing = local_aws.api("GET", "/v1/nothing")
    assert (missing.status_code, missing.json()["code"]) == (404, "route-not-found")
    assert {each.headers["Content-Type"] for each in (wrong, missing)} == {"application/problem+json"}
    page = local_aws.api("HEAD", "/")
    assert (page.status_code, page.content) == (200, b"")
