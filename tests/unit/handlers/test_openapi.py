"""The description of the API is the API."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chalicelib.catalog.asset import AssetError
from chalicelib.catalog.events import EventType
from chalicelib.catalog.render import RenderStatus
from chalicelib.catalog.rendition import RenditionStatus
from chalicelib.errors import all_errors
from chalicelib.handlers.http import is_safe
from chalicelib.handlers.simple import BINARY_TYPES
from tests.unit.catalog.samples import a_render, a_rendition, an_asset
from tests.unit.handlers.conftest import Api


@pytest.fixture
def document(api: Api) -> Any:
    return api("GET", "/v1/openapi.json", headers={"Authorization": ""}).json_body


def _operations(document: Any) -> dict[tuple[str, str], Any]:
    return {
        (method.upper(), path): operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method != "parameters"
    }


def test_every_route_is_described_and_no_other(document: Any) -> None:
    """Methods and paths are the same, and each operation is named after its view."""
    import app

    routes = {
        (method, path): entry.view_name for path, entries in app.app.routes.items() for method, entry in entries.items()
    }
    described = {route: operation["operationId"] for route, operation in _operations(document).items()}
    # HEAD is what HTTP makes of a GET; a description of its own would say nothing.
    heads = {("HEAD", path): view for (method, path), view in described.items() if method == "GET" and is_safe(path)}
    assert described | heads == routes


def test_open_routes_are_those_described_as_open(api: Api, document: Any) -> None:
    """A route without a key answers 401, unless its description asks for none."""
    for (method, path), operation in _operations(document).items():
        answer = api(method, path.replace("{", "").replace("}", ""), headers={"Authorization": "", **_type(operation)})
        assert (answer.status_code == 401) is (operation.get("security") != []), (method, path)


def _type(operation: Any) -> dict[str, str]:
    content = operation.get("requestBody", {}).get("content", {})
    return {"Content-Type": "application/json" if "application/json" in content else "video/mp4"} if content else {}


def test_records_have_the_described_members(api: Api, document: Any) -> None:
    """Each member of an answer is described, at any depth, and each required one is there."""
    api.desk.table.create_asset(an_asset())
    api.desk.table.create_render(a_render(status=RenderStatus.SUCCEEDED))
    error = AssetError("encoder-failed", "why")
    api.desk.table.create_rendition(a_rendition(status=RenditionStatus.ERRORED, error=error))
    upload = api("POST", "/v1/uploads", {"filename": "a", "size": 5}).json_body
    large = api("POST", "/v1/uploads", {"filename": "a", "size": 1 << 30}).json_body
    problem = api("GET", "/v1/assets?limit=0").json_body
    asset = api("GET", f"/v1/assets/{an_asset().id}").json_body
    webhook = api("POST", "/v1/webhooks", {"url": "https://hooks.example.com/"}).json_body
    delivery = api("POST", f"/v1/webhooks/{webhook['id']}/ping").json_body
    for name, shown in (("Webhook", webhook), ("Delivery", delivery)):
        _check(shown, document["components"]["schemas"][name], document, name)
    assert asset["static_renditions"][0]["error"] == {"code": "encoder-failed", "message": "why"}
    render = api("GET", f"/v1/renders/{a_render().id}").json_body
    track = api("POST", f"/v1/assets/{an_asset().id}/tracks", {"language": "de", "text": "00:01,000 --> 00:02,000\na"})
    _check(track.json_body, document["components"]["schemas"]["Track"], document, "Track")
    site = api("POST", "/v1/sites", {"sha256": "ab" * 32, "size": 5}).json_body
    described = (("Upload", upload), ("Upload", large), ("Problem", problem), ("Asset", asset))
    for name, shown in (*described, ("Render", render), ("Site", site)):
        _check(shown, document["components"]["schemas"][name], document, name)


def _check(value: Any, schema: Any, document: Any, where: str) -> None:
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if isinstance(value, dict) and "properties" in schema:
        assert set(value) <= set(schema["properties"]), where
        assert set(schema.get("required", ())) <= set(value), where
        for name, member in value.items():
            _check(member, schema["properties"][name], document, f"{where}/{name}")
    elif isinstance(value, list) and "items" in schema:
        for member in value:
            _check(member, schema["items"], document, f"{where}[]")
    elif "enum" in schema:
        assert value in schema["enum"], where


def test_references_lead_somewhere(document: Any) -> None:
    """Each names a component that there is."""
    for reference in set(re.findall(r"'\$ref': '#/components/(\w+)/(\w+)'", str(document))):
        assert reference[1] in document["components"][reference[0]], reference


def test_described_bodies_are_taken(document: Any) -> None:
    """Every content type the description names for /upload is one that API Gateway passes on as bytes."""
    content = document["paths"]["/upload"]["post"]["requestBody"]["content"]
    assert set(content) <= set(BINARY_TYPES)


def test_the_vocabulary_of_events_is_described(document: Any) -> None:
    """Every type, and no other."""
    assert document["components"]["schemas"]["EventType"]["enum"] == list(EventType)


def test_statuses_of_the_error_table_are_http_errors() -> None:
    """Whatever is raised has a status that means an error."""
    assert not [error.__name__ for error in all_errors() if not 400 <= error.status < 600]
