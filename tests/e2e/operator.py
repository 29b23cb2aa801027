"""Somebody with the credentials of an account, which is the local AWS, and a stage of his own in it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from botocore.exceptions import ClientError

from tests.e2e.conftest import LocalAws


@dataclass(frozen=True, slots=True)
class Operator:
    """Runs verbs of the command line on one stage."""

    local_aws: LocalAws
    stage: str

    def sluice(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.local_aws.sluice(words[0], "--stage", self.stage, *words[1:])

    def succeeds(self, *words: str) -> str:
        done = self.sluice(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def deploy(self, *words: str) -> str:
        """Deploy; the address of the API, as it is reached on this machine."""
        outputs = json.loads(self.succeeds("deploy", "--yes", "--json", *words))
        gateway = self.local_aws.clients.s3.meta.endpoint_url
        return f"{gateway}/restapis/{outputs['RestAPIId']}/api/_user_request_"

    def statuses(self) -> list[str]:
        try:
            stacks = self.local_aws.clients.cloudformation.describe_stacks(StackName=f"sluice-{self.stage}")["Stacks"]
        except ClientError:
            return []
        return [stack["StackStatus"] for stack in stacks if stack["StackStatus"] != "DELETE_COMPLETE"]


@contextmanager
def operator_on(local_aws: LocalAws, stage: str) -> Iterator[Operator]:
    """One stage, gone with its data afterwards."""
    environ = {
        **local_aws.environ,
        "AWS_ENDPOINT_URL": local_aws.clients.s3.meta.endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    operator = Operator(LocalAws(local_aws.base_url, local_aws.api_key, environ), stage)
    yield operator
    operator.succeeds("destroy", "--purge-data", "--yes")
