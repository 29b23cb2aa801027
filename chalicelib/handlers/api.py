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
    pages,
    renders,
    renditions,
    simple,
    sites,
    tracks,
    uploads,
    webhooks,
)
from chalicelib.handlers.http import Call, api, route
from chalicelib.handlers.views import View

__all__ = [
    "api",
    "assets",
    "companion",
    "embed",
    "estimates",
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


@cache
def _description() -> Any:
    return json.loads(_DESCRIPTION.read_text())
