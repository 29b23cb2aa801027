"""An API imported from Swagger keeps its binary media types, its gateway responses and the answers of OPTIONS.

`chalice package` writes the REST API as a Swagger body; ministack's import drops the extensions
`x-amazon-apigateway-binary-media-types` and `x-amazon-apigateway-gateway-responses`, and the responses of mock
integrations, which are what CORS preflight gets.
"""

from __future__ import annotations

import json
from typing import Any

from ministack.services import apigateway_v1


def _import_mock_answers(api_id: str, resource_id: str, method: str, operation: dict[str, Any]) -> None:
    integration = operation.get("x-amazon-apigateway-integration") or {}
    if str(integration.get("type", "")).lower() != "mock":
        return
    for answer in (integration.get("responses") or {}).values():
        status = str(answer.get("statusCode", "200"))
        headers = answer.get("responseParameters") or {}
        declared = {"responseParameters": dict.fromkeys(headers, False)}
        apigateway_v1._put_method_response(api_id, resource_id, method, status, declared)
        mapped = {"responseParameters": headers, "selectionPattern": ""}
        apigateway_v1._put_integration_response(api_id, resource_id, method, status, mapped)


def _overwrite(api_id: str, spec: dict[str, Any]) -> None:
    """Give an API the name, paths and gateway responses of another document; its id and its stages stay."""
    imported = apigateway_v1._import_rest_api(spec, {"name": "imported"})
    apigateway_v1._resources[api_id] = apigateway_v1._resources.pop(imported)
    apigateway_v1._gateway_responses[api_id] = apigateway_v1._gateway_responses.pop(imported)
    apigateway_v1._rest_apis[api_id]["name"] = spec["info"]["title"]
    apigateway_v1._delete_rest_api(imported)


def _serve_import() -> None:
    """Answer ImportRestApi and PutRestApi, with which `chalice deploy` makes its API and brings it up to date."""
    handle = apigateway_v1.handle_request

    async def handle_with_import(method: str, path: str, headers: Any, body: Any, query: dict[str, Any]) -> Any:
        if method == "POST" and path.rstrip("/") == "/restapis" and "import" in query.get("mode", []):
            spec = json.loads(body)
            api_id = apigateway_v1._import_rest_api(spec, {"name": spec.get("info", {}).get("title", "imported")})
            return await handle("GET", f"/restapis/{api_id}", headers, b"", {})
        if method == "PUT" and "overwrite" in query.get("mode", []):
            _overwrite(path.rstrip("/").rpartition("/")[2], json.loads(body))
            return await handle("GET", path, headers, b"", {})
        return await handle(method, path, headers, body, query)

    apigateway_v1.handle_request = handle_with_import


def install() -> None:
    """Extend ministack's Swagger import."""
    _serve_import()
    import_api, import_operation = apigateway_v1._import_rest_api, apigateway_v1._import_operation

    def import_api_with_extensions(spec: dict[str, Any], base_data: dict[str, Any] | None = None) -> Any:
        data = dict(base_data or {})
        declared = spec.get("x-amazon-apigateway-binary-media-types") or []
        data["binaryMediaTypes"] = [*(data.get("binaryMediaTypes") or []), *declared]
        api_id = import_api(spec, data)
        for kind, response in (spec.get("x-amazon-apigateway-gateway-responses") or {}).items():
            apigateway_v1._put_gateway_response(api_id, kind, response)
        return api_id

    def import_operation_with_answers(
        api_id: str, resource_id: str, method: str, operation: dict[str, Any] | None, *args: Any, **kwargs: Any
    ) -> Any:
        result = import_operation(api_id, resource_id, method, operation, *args, **kwargs)
        _import_mock_answers(api_id, resource_id, method, operation or {})
        return result

    apigateway_v1._import_rest_api = import_api_with_extensions
    apigateway_v1._import_operation = import_operation_with_answers
