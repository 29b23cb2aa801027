"""`sluice deploy --via chalice`: a stack of the resources, then `chalice deploy`, then what Chalice has no setting for.

Chalice runs in the checkout, as if it were typed there, and so it can be typed there afterwards (`typed_chalice`). What
it has deployed (`.chalice/deployed/<stage>.json`) is kept in the bucket of artifacts too: anyone with the account's
credentials can deploy next. Of two of the same account the younger one counts.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sluice.account.artifacts import Artifacts
from sluice.account.parts import MARK, chalice_name, stage_config
from sluice.account.session import Account
from sluice.account.typed_chalice import gateway_responses, stage_file
from sluice.failure import DeployFailed
from sluice.package import CHALICE
from sluice.paths import Project
from sluice.report import Report
from sluice.template import Document, resources

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client

_STATE = "chalice-deployed.json"


class ChaliceStage:
    """One stage as `chalice deploy` makes it.

    Args:
        template: The whole packaged template, of which Chalice deploys the functions and the API.
        outputs: Of the stack of the resources.
    """

    def __init__(
        self, project: Project, account: Account, stage: str, template: Document, outputs: dict[str, str]
    ) -> None:
        self._project = project
        self._account = account
        self._stage = stage
        self._template = template
        self._outputs = outputs
        self._deployed_file = project.root / ".chalice" / "deployed" / f"{stage}.json"
        self._stage_file = stage_file(project.root, stage)

    def deploy(self, artifacts: Artifacts, report: Report) -> dict[str, str]:
        """Run Chalice and finish its work; returns the outputs, with the API's.

        Raises:
            DeployFailed: With Chalice's own last line.
        """
        self._write_stage()
        s3: S3Client = self._account.client("s3")
        state = self._state_place(artifacts)
        self._bring_state(s3, state)
        try:
            with report.step("chalice deploy"):
                self._chalice("deploy")
        finally:
            # Also of a deploy that broke off: what was made must be found by the next one.
            if self._deployed_file.is_file():
                s3.put_object(**state, Body=self._deployed_file.read_bytes())
        with report.step("what chalice leaves out"):
            self._finish()
        declared = self._template.get("Outputs", {})
        return {name: value for name, value in self._outputs.items() if name in declared} | self._api()

    def delete(self, artifacts: Artifacts) -> bool:
        """Have Chalice delete what it had deployed; returns whether there was anything."""
        s3: S3Client = self._account.client("s3")
        found = self._bring_state(s3, self._state_place(artifacts))
        if found:
            self._chalice("delete")
        self._deployed_file.unlink(missing_ok=True)
        self._stage_file.unlink(missing_ok=True)
        return found

    def _state_place(self, artifacts: Artifacts) -> dict[str, Any]:
        return {"Bucket": artifacts.bucket, "Key": f"{artifacts.prefix}{_STATE}"}

    def _bring_state(self, s3: S3Client, place: dict[str, Any]) -> bool:
        """Have what Chalice has deployed where Chalice looks for it; returns whether there is anything."""
        try:
            kept = s3.get_object(**place)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("NoSuchKey", "NoSuchBucket", "404"):
                raise
            # Of a stage that was destroyed from elsewhere, or in another account: the new one must not build on it.
            self._deployed_file.unlink(missing_ok=True)
            return False
        own = self._deployed_file
        here = f":{self._account.region}:{self._account.account_id}:"
        if not (own.is_file() and here in own.read_text()) or own.stat().st_mtime < kept["LastModified"].timestamp():
            own.parent.mkdir(parents=True, exist_ok=True)
            own.write_bytes(kept["Body"].read())
        return True

    def _write_stage(self) -> None:
        config = json.loads((self._project.root / ".chalice" / "config.json").read_text())
        known = {
            "api_name": f"{config['app_name']}-{self._stage}",
            "config": stage_config(self._template, config, self._outputs, stage=self._stage),
            "gateway_responses": gateway_responses(self._template),
        }
        self._stage_file.parent.mkdir(parents=True, exist_ok=True)
        self._stage_file.write_text(json.dumps(known, indent=2) + "\n")

    def _chalice(self, verb: str) -> None:
        command = [sys.executable, "-c", CHALICE, verb, "--stage", self._stage]
        done = subprocess.run(
            command, cwd=self._project.root, env=self._account.environ(), capture_output=True, text=True, check=False
        )
        if done.returncode:
            lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
            raise DeployFailed(f"chalice {verb} failed: {' '.join(line.strip() for line in lines[-4:])}")

    def _deployed(self) -> dict[str, Any]:
        values = json.loads(self._deployed_file.read_text())["resources"]
        return {value["name"]: value for value in values}

    def _finish(self) -> None:
        functions: LambdaClient = self._account.client("lambda")
        deployed = self._deployed()
        for function in resources(self._template, "AWS::Serverless::Function"):
            name = deployed[chalice_name(function.logical_id)]["lambda_arn"]
            self._configure(functions, name, function.logical_id, function.properties)
        for value in deployed.values():
            if value["resource_type"] == "sqs_event":
                functions.update_event_source_mapping(
                    UUID=value["event_uuid"], FunctionResponseTypes=["ReportBatchItemFailures"]
                )

    def _configure(self, functions: LambdaClient, name: str, logical_id: str, properties: Document) -> None:
        changes: dict[str, Any] = {}
        if f"{logical_id}Disk" in self._outputs:
            changes["EphemeralStorage"] = {"Size": int(self._outputs[f"{logical_id}Disk"])}
        if group := self._outputs.get(f"{logical_id}LogGroup", "").removeprefix(MARK):
            changes["LoggingConfig"] = {"LogGroup": group}
        if f"{logical_id}DeadLetters" in self._outputs:
            changes["DeadLetterConfig"] = {"TargetArn": self._outputs[f"{logical_id}DeadLetters"]}
        if changes:
            functions.get_waiter("function_updated_v2").wait(FunctionName=name)
            functions.update_function_configuration(FunctionName=name, **changes)
        if "EventInvokeConfig" in properties:
            functions.put_function_event_invoke_config(FunctionName=name, **properties["EventInvokeConfig"])

    def _api(self) -> dict[str, str]:
        api = self._deployed()["rest_api"]
        return {"ApiUrl": api["rest_api_url"].rstrip("/"), "RestAPIId": api["rest_api_id"]}
