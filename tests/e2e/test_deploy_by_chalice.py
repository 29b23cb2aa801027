"""`sluice deploy --via chalice`, and the `chalice deploy` that a user types afterwards, against the local AWS."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.e2e.clips import clip
from tests.e2e.conftest import ROOT, LocalAws
from tests.e2e.operator import Operator, operator_on

_STAGE = "hand"
_API = f"sluice-{_STAGE}"


@pytest.fixture
def operator(local_aws: LocalAws) -> Iterator[Operator]:
    with operator_on(local_aws, _STAGE) as operator:
        yield operator


def _chalice(operator: Operator, *words: str) -> subprocess.CompletedProcess[str]:
    chalice = str(Path(sys.executable).with_name("chalice"))
    environ = operator.local_aws.environ
    return subprocess.run([chalice, *words], cwd=ROOT, env=environ, capture_output=True, text=True, check=False)


def _settings(operator: Operator) -> tuple[str, str, int]:
    render = operator.local_aws.clients.functions.get_function_configuration(FunctionName=f"{_API}-render")
    variables = render["Environment"]["Variables"]
    return variables["SLUICE_QUALITY"], variables["SLUICE_LADDER"], render["EphemeralStorage"]["Size"]


def test_a_stage_by_chalice_is_deployed_typed_again_updated_and_destroyed(operator: Operator, tmp_path: Path) -> None:
    """One stage by Chalice's own deployer publishes, keeps its data and settings through both commands, and goes."""
    refused = _chalice(operator, "deploy", "--stage", _STAGE)
    assert refused.returncode == 1
    assert f"sluice deploy --via chalice --stage {_STAGE}" in refused.stderr

    parameters = ("--parameter", "Ladder=360", "--parameter", "PublicBaseUrl=https://play.example")
    url = operator.deploy("--via", "chalice", *parameters)
    key = json.loads(operator.succeeds("create-key", "--json"))["api_key"]
    video = clip(tmp_path / "clip.mp4", seconds=2)
    sent = operator.local_aws.sluice("upload", str(video), "--wait", "--json", "--url", url, "--api-key", key)
    asset = json.loads(sent.stdout)
    assert (asset["status"], [rung["name"] for rung in asset["renditions"]]) == ("ready", ["360p"]), sent.stderr

    typed = _chalice(operator, "deploy", "--stage", _STAGE)
    assert typed.returncode == 0, typed.stderr
    _still_serves(url, key, asset["id"])
    assert _settings(operator) == ("balanced", "360", 10240)

    updated = operator.sluice("deploy", "--yes", "--via", "chalice", "--parameter", "Quality=fast")
    assert updated.returncode == 0, updated.stderr
    assert "~ DeployedParameters" in updated.stderr
    _still_serves(url, key, asset["id"])
    assert _settings(operator) == ("fast", "360", 10240)

    other_way = operator.sluice("deploy", "--yes")
    assert "go on with --via chalice" in other_way.stderr

    operator.succeeds("destroy", "--yes")
    assert operator.statuses() == []
    with pytest.raises(ClientError, match="Function not found"):
        operator.local_aws.clients.functions.get_function(FunctionName=f"{_API}-render")
    assert _API in operator.local_aws.clients.dynamodb.list_tables()["TableNames"]


def _still_serves(url: str, key: str, asset_id: str) -> None:
    """The API answers for what was published before, under its old address, and unknown paths in our form."""
    answer = httpx.get(f"{url}/v1/assets/{asset_id}", headers={"Authorization": f"Bearer {key}"}, timeout=60)
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    unknown = httpx.get(f"{url}/v1/nowhere", timeout=60)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "route-not-found")
