"""`sluice deploy --via chalice`: a stack of the resources, then `chalice deploy`, then what Chalice has no setting for.

Chalice runs in a folder of its own, made from this checkout, so that the configuration with the stage's real values
never lies in the sources. What it has deployed (`deployed/<stage>.json`) is kept in the bucket of artifacts: anyone
with the account's credentials can deploy next.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sluice.account.artifacts import Artifacts
from sluice.account.parts import chalice_name, stage_config
from sluice.account.session import Account
from sluice.failure import DeployFailed
from sluice.package import CHALICE
from sluice.paths import Project
from sluice.report import Report
from sluice.template import Document, resources

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client

_SOURCES = ("chalicelib", "vendor")
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
        self._folder = project.root / "build" / "chalice" / stage

    @property
    def _deployed_file(self) -> Path:
        return self._folder / ".chalice" / "deployed" / f"{self._stage}.json"

    def deploy(self, artifacts: Artifacts, report: Report) -> dict[str, str]:
        """Run Chalice and finish its work; returns the outputs, with the API's.

        Raises:
            DeployFailed: With Chalice's own last line.
        """
        self._write_project()
        s3: S3Client = self._account.client("s3")
        state = self._state_place(artifacts)
        try:
            self._deployed_file.write_bytes(s3.get_object(**state)["Body"].read())
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("NoSuchKey", "404"):
                raise
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
        try:
            found = s3.get_object(**self._state_place(artifacts))["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("NoSuchKey", "NoSuchBucket", "404"):
                raise
            return False
        self._write_project()
        self._deployed_file.write_bytes(found)
        self._chalice("delete")
        return True

    def _state_place(self, artifacts: Artifacts) -> dict[str, Any]:
        return {"Bucket": artifacts.bucket, "Key": f"{artifacts.prefix}{_STATE}"}

    def _write_project(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._deployed_file.parent.mkdir(parents=True)
        for name in _SOURCES:
            if (self._project.root / name).is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(self._project.root / name, self._folder / name, ignore=ignored)
        # Packaging has made the very zip that Chalice looks for.
        zips = self._project.root / ".chalice" / "deployments"
        if zips.is_dir():
            (self._folder / ".chalice" / "deployments").symlink_to(zips)
        for name in ("app.py", "requirements.txt"):
            shutil.copyfile(self._project.root / name, self._folder / name)
        config = json.loads((self._project.root / ".chalice" / "config.json").read_text())
        if self._outputs:
            config = stage_config(self._template, config, self._outputs, stage=self._stage)
        (self._folder / ".chalice" / "config.json").write_text(json.dumps(config, indent=2) + "\n")

    def _chalice(self, verb: str) -> None:
        command = [sys.executable, "-c", CHALICE, verb, "--stage", self._stage]
        done = subprocess.run(
            command, cwd=self._folder, env=self._account.environ(), capture_output=True, text=True, check=False
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
        self._gateway_responses(deployed["rest_api"]["rest_api_id"])

    def _configure(self, functions: LambdaClient, name: str, logical_id: str, properties: Document) -> None:
        changes: dict[str, Any] = {}
        if "EphemeralStorage" in properties:
            changes["EphemeralStorage"] = properties["EphemeralStorage"]
        if f"{logical_id}DeadLetters" in self._outputs:
            changes["DeadLetterConfig"] = {"TargetArn": self._outputs[f"{logical_id}DeadLetters"]}
        if self._account.is_local:
            changes["Runtime"] = "provided.al2023"
        if changes:
            functions.get_waiter("function_updated_v2").wait(FunctionName=name)
            functions.update_function_configuration(FunctionName=name, **changes)
        if "EventInvokeConfig" in properties:
            functions.put_function_event_invoke_config(FunctionName=name, **properties["EventInvokeConfig"])

    def _gateway_responses(self, api_id: str) -> None:
        gateway = self._account.client("apigateway")
        api = next(resources(self._template, "AWS::Serverless::Api"))
        for kind, body in sorted(api.properties.get("GatewayResponses", {}).items()):
            said: dict[str, Any] = {"statusCode": str(body["StatusCode"])} if "StatusCode" in body else {}
            headers = body.get("ResponseParameters", {}).get("Headers", {})
            gateway.put_gateway_response(
                restApiId=api_id,
                responseType=kind,
                responseParameters={f"gatewayresponse.header.{name}": value for name, value in headers.items()},
                responseTemplates=body.get("ResponseTemplates", {}),
                **said,
            )
        gateway.create_deployment(restApiId=api_id, stageName=api.properties["StageName"])

    def _api(self) -> dict[str, str]:
        api = self._deployed()["rest_api"]
        return {"ApiUrl": api["rest_api_url"].rstrip("/"), "RestAPIId": api["rest_api_id"]}
