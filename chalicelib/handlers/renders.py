"""Routes of renders. A render that succeeded shows a fresh URL of its output each time it is asked for.

The secret of a render's own webhook is in the answer that makes it, and nowhere else: no replay shows it again.
"""

from __future__ import annotations

import re

import msgspec
from chalice.app import Response

from chalicelib.catalog.ids import RENDER_PREFIX, is_id
from chalicelib.catalog.render import Render, RenderStatus
from chalicelib.catalog.site import sha256_of_site
from chalicelib.errors import InvalidConfig, InvalidRequest, RenderNotFound, SiteNotFound
from chalicelib.handlers.http import Call, json_response, route
from chalicelib.handlers.lists import list_query
from chalicelib.handlers.once import made_once
from chalicelib.handlers.render_views import CONFIG_NAMES, render_view
from chalicelib.handlers.requests import RenderBody, exact_dollars, invalid, parse_body, whole_numbers
from chalicelib.handlers.views import View, page_response
from chalicelib.usecases import render as renders

VARIABLES_MAX_BYTES = 100_000
"""They travel in the execution's input, which Step Functions holds to 256 KiB."""


@route("POST", "/v1/renders", status=202)
def create_render(call: Call) -> Response:
    new = _new_render(parse_body(call.request, RenderBody))
    of = call.services
    made_now: list[Render] = []

    def make() -> str:
        try:
            made = renders.open_render(new, of.objects, of.table, of.workflows, of.settings, now_ms=of.clock())
        except InvalidConfig as error:
            raise _pointed(error) from error
        made_now.append(made)
        return made.id

    render = of.table.get_render(made_once(call, "POST /v1/renders", make))
    secret = None
    if made_now and render.webhook_id is not None:
        secret = of.table.get_webhook(render.webhook_id).secret
    view = {**_shown(call, render), "webhook_secret": secret}
    return json_response(view, status=202, headers={"Location": f"renders/{render.id}"})


@route("GET", "/v1/renders")
def list_renders(call: Call) -> Response:
    table = call.services.table
    asked = list_query(call.request, RenderStatus, RENDER_PREFIX)
    page = table.list_renders(status=asked.status, limit=asked.limit, cursor=asked.cursor)
    work = table.get_work(page.items)
    data = [render_view(render, work[render.id], _url(call, render)) for render in page.items]
    return page_response(data, page.next_cursor, asked.filters)


@route("GET", "/v1/renders/{render_id}")
def get_render(call: Call, render_id: str) -> View:
    return _shown(call, call.services.table.get_render(_checked(render_id)))


@route("DELETE", "/v1/renders/{render_id}")
def delete_render(call: Call, render_id: str) -> View:
    of = call.services
    _checked(render_id)
    renders.delete_render(render_id, of.objects, of.table, of.workflows, of.settings, now_ms=of.clock())
    return {"id": render_id, "deleted": True}


@route("POST", "/v1/renders/{render_id}/cancel", status=202)
def cancel_render(call: Call, render_id: str) -> View:
    of = call.services
    return _shown(call, renders.cancel_render(_checked(render_id), of.table, of.workflows, now_ms=of.clock()))


def _new_render(body: RenderBody) -> renders.NewRender:
    sha256 = sha256_of_site(body.site_id)
    if sha256 is None:
        raise SiteNotFound("there is no such site", site_id=body.site_id[:100])
    if len(msgspec.json.encode(body.variables)) > VARIABLES_MAX_BYTES:
        raise invalid("body", "/variables", f"Expected at most {VARIABLES_MAX_BYTES} bytes of JSON")
    asked = {field: whole_numbers(getattr(body, name)) for name, field in CONFIG_NAMES.items() if name != "variables"}
    asked[CONFIG_NAMES["variables"]] = body.variables
    config = {field: value for field, value in asked.items() if value is not None}
    return renders.NewRender(sha256, config, exact_dollars(body.max_cost_usd), body.webhook)


def _pointed(error: InvalidConfig) -> InvalidRequest:
    """The same complaint under the API's name of the field: "Config.chunkSize: ..." is about /chunk_frames."""
    field, *inner = re.findall(r"[^.\[\]]+", str(error.context.get("field", "")).removeprefix("Config."))
    names = {field: name for name, field in CONFIG_NAMES.items()}
    return invalid("body", "/" + "/".join([names[field], *inner]), error.message.partition(": ")[2])


def _shown(call: Call, render: Render) -> View:
    work = call.services.table.get_progress(render.id, render.plan_hash)
    return render_view(render, work, _url(call, render))


def _url(call: Call, render: Render) -> str | None:
    of = call.services
    return renders.output_url(render, of.objects, of.settings, now_ms=of.clock())


def _checked(render_id: str) -> str:
    if not is_id(render_id, RENDER_PREFIX):
        raise RenderNotFound("there is no such render")
    return render_id
