"""`sluice deploy` and `sluice destroy` against the local AWS, as they are run against an account."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.clips import clip
from tests.e2e.conftest import LocalAws
from tests.e2e.operator import Operator, operator_on

_STAGE = "trial"
_MEDIA = f"sluice-{_STAGE}-media-000000000000"


@pytest.fixture
def operator(local_aws: LocalAws) -> Iterator[Operator]:
    with operator_on(local_aws, _STAGE) as operator:
        yield operator


def _asset(url: str, key: str, asset_id: str) -> dict[str, Any]:
    answer = httpx.get(f"{url}/v1/assets/{asset_id}", headers={"Authorization": f"Bearer {key}"}, timeout=60)
    asset: dict[str, Any] = answer.raise_for_status().json()
    return asset


def test_a_stage_is_planned_deployed_updated_and_destroyed_with_its_data_kept(
    operator: Operator, tmp_path: Path
) -> None:
    """Published assets and keys outlive updates and even the stack; only --purge-data deletes them."""
    planned = operator.sluice("deploy", "--plan")
    assert "+ Table" in planned.stderr
    assert operator.statuses() == []

    unasked = operator.sluice("deploy")
    assert (unasked.returncode, operator.statuses()) == (1, [])
    assert "give --yes" in unasked.stderr

    url = operator.deploy("--parameter", "Ladder=360", "--parameter", "PublicBaseUrl=https://play.example")
    key = json.loads(operator.succeeds("create-key", "--json"))["api_key"]
    video = clip(tmp_path / "clip.mp4", seconds=2)
    sent = operator.local_aws.sluice("upload", str(video), "--wait", "--json", "--url", url, "--api-key", key)
    asset = json.loads(sent.stdout)
    assert (asset["status"], [rung["name"] for rung in asset["renditions"]]) == ("ready", ["360p"]), sent.stderr

    updated = operator.sluice("deploy", "--yes", "--parameter", "Quality=fast")
    assert "~ Render " in updated.stderr
    render = next(line.split()[1] for line in updated.stdout.splitlines() if line.startswith("RenderFunctionName"))
    environ = operator.local_aws.clients.functions.get_function_configuration(FunctionName=render)["Environment"]
    assert (environ["Variables"]["SLUICE_QUALITY"], environ["Variables"]["SLUICE_LADDER"]) == ("fast", "360")

    operator.succeeds("destroy", "--yes")
    assert operator.statuses() == []
    url = operator.deploy()
    assert _asset(url, key, asset["id"])["status"] == "ready"
    index = f"media/{asset['playback']['hls'].split('/media/')[1]}"
    assert operator.local_aws.clients.s3.head_object(Bucket=_MEDIA, Key=index)["ContentLength"] > 0

    operator.succeeds("destroy", "--purge-data", "--yes")
    left = [bucket["Name"] for bucket in operator.local_aws.clients.s3.list_buckets()["Buckets"]]
    assert [name for name in left if _STAGE in name or "artifacts" in name] == []
    assert f"sluice-{_STAGE}" not in operator.local_aws.clients.dynamodb.list_tables()["TableNames"]
