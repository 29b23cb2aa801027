"""What our code adds to a call of the API: each route, warm, against an empty function behind the same API Gateway.

The emulator's own share (HTTP, IAM, the Runtime API, one process switch there and back) is in both, so the difference
is ours: routing, authentication, validation, the calls of DynamoDB and S3 (which the emulator answers too). Routes take
turns, so that what else the machine does falls on all of them alike.
"""

from __future__ import annotations

import io
import json
import statistics
import time
import zipfile
from collections.abc import Callable
from typing import Any

import httpx

from benchmarks.measure import empty_stage
from sluice.clients import ACCOUNT_ID, REGION, LocalClients
from sluice.deploy import STACK, describe
from sluice.paths import Local

ROUNDS = 200
_WARM = 5
_EMPTY = b"def handler(event, context):\n    return {'statusCode': 200, 'body': '{}'}\n"


def _empty_route(clients: LocalClients) -> str:
    """Deploys a function that does nothing behind an API of its own; the path of its one route."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("index.py", _EMPTY)
    role = f"arn:aws:iam::{ACCOUNT_ID}:role/empty"
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    clients._client("iam").create_role(
        RoleName="empty", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    made = clients.functions.create_function(
        FunctionName="empty",
        Runtime="provided.al2023",
        Role=role,
        Handler="index.handler",
        Code={"ZipFile": content.getvalue()},
        MemorySize=1024,
    )
    clients.functions.add_permission(
        FunctionName="empty", StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{made['FunctionArn']}/invocations"
    integration = {"type": "aws_proxy", "httpMethod": "POST", "uri": uri}
    document = {
        "swagger": "2.0",
        "info": {"title": "empty", "version": "1"},
        "paths": {"/empty": {"get": {"responses": {}, "x-amazon-apigateway-integration": integration}}},
    }
    gateway = clients._client("apigateway")
    api_id = gateway.import_rest_api(body=json.dumps(document).encode())["id"]
    gateway.create_deployment(restApiId=api_id, stageName="api")
    return f"/_aws/execute-api/{api_id}/api/empty"


def _routes(client: httpx.Client, base: str, key: str) -> dict[str, Callable[[], httpx.Response]]:
    headers = {"Authorization": f"Bearer {key}"}

    def call(method: str, path: str, body: Any = None) -> Callable[[], httpx.Response]:
        return lambda: client.request(method, f"{base}{path}", headers=headers, json=body)

    new = {"filename": "clip.mp4", "size": 1048576}
    upload = call("POST", "/v1/uploads", new)().raise_for_status().json()
    asset_id, upload_id = upload["asset_id"], upload["id"]
    return {
        "GET /v1/health": call("GET", "/v1/health"),
        "GET /v1/assets": call("GET", "/v1/assets"),
        "GET /v1/assets/{asset_id}": call("GET", f"/v1/assets/{asset_id}"),
        "PATCH /v1/assets/{asset_id}": call("PATCH", f"/v1/assets/{asset_id}", {"passthrough": "same"}),
        "POST /v1/uploads": call("POST", "/v1/uploads", new),
        "GET /v1/uploads/{upload_id}": call("GET", f"/v1/uploads/{upload_id}"),
        "POST /v1/estimates": call("POST", "/v1/estimates", {"duration": 93.4, "height": 1080, "fps": 30}),
        "GET /v1/renders": call("GET", "/v1/renders"),
        "GET /v1/webhooks": call("GET", "/v1/webhooks"),
    }


def _line(name: str, runs: list[float], floor_ms: float) -> str:
    cuts = statistics.quantiles(runs, n=100, method="inclusive")
    p50, p99 = 1000 * cuts[49], 1000 * cuts[98]
    return f"{name:<44} p50 {p50:7.1f} ms   p99 {p99:7.1f} ms   p50 over the floor {p50 - floor_ms:7.1f} ms"


def main() -> None:
    with empty_stage() as stage:
        key = stage.up()["api_key"]
        clients = LocalClients(Local.from_env(stage.environ))
        deployment = describe(clients.cloudformation.describe_stacks(StackName=STACK)["Stacks"][0], "")
        gateway = f"http://127.0.0.1:{stage.environ['SLUICE_GATEWAY_PORT']}"
        base = f"/_aws/execute-api/{deployment.api_id}/{deployment.api_stage}"
        with httpx.Client(base_url=gateway, timeout=60, trust_env=False) as client:
            empty = _empty_route(clients)
            calls = {"an empty function": lambda: client.get(empty), **_routes(client, base, key)}
            runs: dict[str, list[float]] = {name: [] for name in calls}
            for number in range(_WARM + ROUNDS):
                for name, call in calls.items():
                    started = time.perf_counter()
                    call().raise_for_status()
                    if number >= _WARM:
                        runs[name].append(time.perf_counter() - started)
    floor_ms = 1000 * statistics.median(runs["an empty function"])
    for name, taken in runs.items():
        print(_line(name, taken, floor_ms))
