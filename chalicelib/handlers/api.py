"""The HTTP API: importing this module registers every route on `api`, the blueprint that app.py mounts."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from chalicelib.handlers import (
    assets,
    companion,
    embed,
    estimates,
    keys,
    pages,
    renders,
    renditions,
    simple,
    sites,
    tracks,
    uploads,
    webhooks,
)
from chalicelib.handlers.http import ACCESS, Call, api, route
from chalicelib.handlers.scopes import scope_of
from chalicelib.handlers.views import View
from chalicelib.settings import AuthMode

__all__ = [
    "api",
    "assets",
    "companion",
    "embed",
    "estimates",
    "keys",
    "pages",
    "renders",
    "renditions",
    "simple",
    "sites",
    "tracks",
    "uploads",
    "webhooks",
]

_DESCRIPTION = Path(__file__).with_name("openapi.json")


@route("GET", "/v1/health", public=True)
def health(_call: Call) -> View:
    """Says that the function runs; asks nothing of the services behind it."""
    return {"status": "ok"}


@route("GET", "/v1/openapi.json", public=True)
def openapi(_call: Call) -> Any:
    return _description()


# How the description names what a caller proves itself with; an API key is in the file already.
_SCHEMES = {
    AuthMode.KEYS: "apiKey",
    AuthMode.IAM: "sigv4",
    AuthMode.COGNITO: "cognito",
}


_REFUSALS = {"401": "Unauthorized", "403": "Forbidden", "429": "RateLimited"}


@cache
def _description() -> Any:
    """The file, with the scheme of this deployment, the scope of each operation, and how its lack is answered."""
    document = json.loads(_DESCRIPTION.read_text())
    scheme = _SCHEMES[ACCESS.mode]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method != "parameters" and "security" not in operation:
                operation["security"] = [{scheme: [scope_of(method.upper(), path)]}]
                refusals = {status: {"$ref": f"#/components/responses/{name}"} for status, name in _REFUSALS.items()}
                operation["responses"] = refusals | operation["responses"]
    schemes = document["components"]["securitySchemes"]
    document["security"] = [{scheme: []}]
    document["components"]["securitySchemes"] = {scheme: schemes[scheme]}
    return document
