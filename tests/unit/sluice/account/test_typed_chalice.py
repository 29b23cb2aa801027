"""What the chalice command line is given while it reads the app, and when it is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click
import pytest
from chalice.app import Chalice
from chalice.config import Config
from chalice.deploy import validate
from chalice.deploy.swagger import SwaggerGenerator

from sluice.account.typed_chalice import gateway_responses, install, stage_file, terraform_file

_KNOWN = {
    "api_name": "sluice-dev",
    "config": {"app_name": "sluice", "stages": {"dev": {"environment_variables": {"SLUICE_STAGE": "sluice-dev"}}}},
    "gateway_responses": {"DEFAULT_4XX": {}},
}


@pytest.fixture(autouse=True)
def chalice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything of Chalice's that is changed is as before afterwards."""
    monkeypatch.setattr(Config, "_config_from_disk", None, raising=False)
    monkeypatch.setattr(SwaggerGenerator, "generate_swagger", lambda *_: {"info": {"version": "1.0"}})
    monkeypatch.setattr(validate, "validate_route_content_types", validate.validate_route_content_types)
    monkeypatch.setattr(os, "environ", dict(os.environ))


def _run(command: str, project_dir: Path, **params: Any) -> None:
    with click.Context(click.Command(command), info_name=command, obj={"project_dir": str(project_dir)}) as context:
        context.params = {"stage": "dev", **params}
        install()


@pytest.mark.parametrize(
    ("command", "params", "path"),
    [("deploy", {}, stage_file), ("package", {"pkg_format": "terraform"}, terraform_file)],
)
def test_a_command_that_needs_values_gets_them(command: str, params: Any, path: Any, tmp_path: Path) -> None:
    """Configuration, environment, name of the API and its gateway responses are the stage's own."""
    path(tmp_path, "dev").parent.mkdir(parents=True)
    path(tmp_path, "dev").write_text(json.dumps(_KNOWN))

    _run(command, tmp_path, **params)

    assert Config("dev", config_from_disk={"app_name": "other"}).app_name == "sluice"
    assert os.environ["SLUICE_STAGE"] == "sluice-dev"
    definition = SwaggerGenerator("us-east-1", {}).generate_swagger(Chalice("sluice"))
    assert definition["info"] == {"version": "1.0", "title": "sluice-dev"}
    assert definition["x-amazon-apigateway-gateway-responses"] == {"DEFAULT_4XX": {}}


@pytest.mark.parametrize(
    ("command", "params", "first"),
    [
        ("deploy", {}, "sluice deploy --via chalice --stage dev"),
        ("package", {"pkg_format": "terraform"}, "sluice package --form terraform --stage dev"),
    ],
)
def test_without_them_it_is_refused(command: str, params: Any, first: str, tmp_path: Path) -> None:
    """Functions without tables are not deployed; the message says what to run first."""
    with pytest.raises(click.ClickException, match=first):
        _run(command, tmp_path, **params)


@pytest.mark.parametrize(("command", "params"), [("package", {"pkg_format": "cloudformation"}), ("local", {})])
def test_other_commands_are_left_alone(command: str, params: Any, tmp_path: Path) -> None:
    """What CloudFormation fills in, and what runs here, reads config.json as it is."""
    _run(command, tmp_path, **params)
    assert Config("dev", config_from_disk={"app_name": "own"}).app_name == "own"


def test_gateway_responses_are_told_in_openapis_words() -> None:
    """SAM's form and OpenAPI's differ in the names of headers, and in the status being text."""
    response = {"StatusCode": 404, "ResponseParameters": {"Headers": {"A": "'b'"}}, "ResponseTemplates": {"t": "{}"}}
    api = {"Type": "AWS::Serverless::Api", "Properties": {"GatewayResponses": {"KIND": response}}}
    assert gateway_responses({"Resources": {"RestAPI": api}}) == {
        "KIND": {
            "statusCode": "404",
            "responseParameters": {"gatewayresponse.header.A": "'b'"},
            "responseTemplates": {"t": "{}"},
        }
    }
