"""`make load`, at a small size, and what holds under it: on the deployed local AWS, with IAM enforced."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from sluice.deploy import STACK
from tests.e2e.conftest import ROOT, LocalAws


def test_nothing_is_lost_and_nothing_done_twice(local_aws: LocalAws, tmp_path: Path) -> None:
    """Videos sent at once, with S3's events and the queue's messages repeated, early and late, are each made once."""
    words = ["publishes", "--assets", "6", "--seed", "3", "--within", "240", "--out", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "load", *words],
        cwd=ROOT,
        env=local_aws.environ,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((tmp_path / "results.json").read_text())
    assert (found["ready"], found["violations"]) == (6, [])
    assert found["repeated_object_events"] >= 12
    assert "| ready | 6 of 6 |" in (tmp_path / "report.md").read_text()
    assert (tmp_path / "plot.svg").read_text().startswith("<svg")


def test_what_the_policy_does_not_allow_is_refused(local_aws: LocalAws) -> None:
    """Without one statement of its policy the function cannot do what that allowed, and with it again it can."""
    iam: Any = local_aws.clients._client("iam")
    found = local_aws.clients.cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
    names = {each["LogicalResourceId"]: each.get("PhysicalResourceId", "") for each in found}
    role = names["ApiHandlerRole"]
    (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    less = [each for each in document["Statement"] if each["Sid"] != "RecordsByStatus"]
    assert len(less) == len(document["Statement"]) - 1

    def put(statements: list[Any]) -> None:
        changed = {**document, "Statement": statements}
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(changed))

    put(less)
    try:
        refused = local_aws.api("GET", "/v1/assets")
        assert (refused.status_code, refused.json()["code"]) == (500, "aws-refused")
        assert "AccessDenied" in refused.text
    finally:
        put(document["Statement"])
    assert local_aws.api("GET", "/v1/assets").status_code == 200
