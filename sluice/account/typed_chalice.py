"""What a typed `chalice deploy` or `chalice package --pkg-format terraform` takes for `.chalice/config.json`.

That file is for CloudFormation, which puts roles, layers and environment in. The other two have no such step, so
`sluice deploy --via chalice` and `sluice package --form terraform` write the stage's configuration with every value
told, and `install`, which app.py calls while the chalice command line reads it, hands that over. Without it nothing is
made: it would be functions without a table.

The gateway responses go into the definition of the API, because PutRestApi, with which Chalice brings an API up to
date, forgets those that are not in it. So does the name of the API, which its metrics have as their dimension.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click
from chalice.config import Config
from chalice.deploy import validate
from chalice.deploy.swagger import SwaggerGenerator

from sluice.template import Document, resources


def stage_file(project_dir: Path, stage: str) -> Path:
    """Where the configuration of a stage is kept for Chalice; a build product that holds no secret."""
    return project_dir / "build" / "chalice" / f"{stage}.json"


def terraform_file(project_dir: Path, stage: str) -> Path:
    """The same for Terraform, with expressions in the place of values."""
    return project_dir / "build" / "terraform" / f"{stage}.json"


def gateway_responses(template: Document) -> Document:
    """The API's gateway responses as OpenAPI's extension has them, out of SAM's form."""
    api = next(resources(template, "AWS::Serverless::Api"))
    found = {}
    for kind, body in sorted(api.properties.get("GatewayResponses", {}).items()):
        headers = body.get("ResponseParameters", {}).get("Headers", {})
        found[kind] = {
            "responseParameters": {f"gatewayresponse.header.{name}": value for name, value in headers.items()},
            "responseTemplates": body.get("ResponseTemplates", {}),
        }
        if "StatusCode" in body:
            found[kind]["statusCode"] = str(body["StatusCode"])
    return found


def _known(context: click.Context) -> Document | None:
    """What is to be used by the running command, if it is one that needs it."""
    stage, project_dir = str(context.params.get("stage")), Path((context.obj or {}).get("project_dir", "."))
    if context.info_name == "deploy":
        path, first = stage_file(project_dir, stage), f"sluice deploy --via chalice --stage {stage}"
    elif context.info_name == "package" and context.params.get("pkg_format") == "terraform":
        path, first = terraform_file(project_dir, stage), f"sluice package --form terraform --stage {stage}"
    else:
        return None
    if not path.is_file():
        raise click.ClickException(
            f"nothing is known here of the tables, buckets, roles and layers of stage {stage}; first run: {first}"
        )
    known: Document = json.loads(path.read_text())
    return known


def install() -> None:
    """Make the running command use its stage's own configuration, if it needs one.

    Raises:
        click.ClickException: If the stage has none yet.
    """
    context = click.get_current_context(silent=True)
    if context and context.info_name in ("deploy", "delete"):
        # `chalice package` does not ask, and API Gateway does not mind, that POST .../tracks takes JSON as text and a
        # file as binary: it goes by the Content-Type of each request.
        validate.validate_route_content_types = lambda routes, binary_types: None  # noqa: ARG005  Chalice's own names
    known = _known(context) if context else None
    if context is None or known is None:
        return
    stage = context.params["stage"]
    # The handlers that are imported next read queue and bucket names from it, as they would on Lambda.
    os.environ.update(known["config"]["stages"][stage]["environment_variables"])
    # Every Config of this process, the ones that are made of it per function too.
    Config._config_from_disk = property(lambda _self: known["config"], lambda _self, _value: None)  # type: ignore[assignment]
    generate = SwaggerGenerator.generate_swagger

    def generate_named(self: Any, app: Any, rest_api: Any = None) -> Document:
        definition: Document = generate(self, app, rest_api)
        definition["info"] = {**definition["info"], "title": known["api_name"]}
        definition["x-amazon-apigateway-gateway-responses"] = known["gateway_responses"]
        return definition

    SwaggerGenerator.generate_swagger = generate_named  # type: ignore[method-assign]
