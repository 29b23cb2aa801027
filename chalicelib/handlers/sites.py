"""Routes of sites: announce a composition's project archive, learn where to send it; list, show and forget them."""

from __future__ import annotations

from chalice.app import Response

from chalicelib.catalog.site import Site, sha256_of_site
from chalicelib.catalog.site import site_id as id_of
from chalicelib.errors import SiteNotFound
from chalicelib.handlers.http import Call, json_response, route
from chalicelib.handlers.render_views import site_view
from chalicelib.handlers.requests import LIMIT_DEFAULT, LIMIT_MAX, SiteBody, invalid, parse_body, query, query_number
from chalicelib.handlers.views import View, page_response
from chalicelib.usecases import site as sites


@route("POST", "/v1/sites", status=201)
def create_site(call: Call) -> Response:
    """201 with a URL, or 200 when the very same archive is there. Idempotent by nature: the hash is the name."""
    body = parse_body(call.request, SiteBody)
    services = call.services
    site = Site(body.sha256, body.size)
    url = sites.announce_site(site, services.objects, services.settings)
    expires_at_ms = services.clock() + 1000 * services.settings.presign_ttl_s
    return json_response(site_view(site, url, expires_at_ms), status=201 if url else 200)


@route("GET", "/v1/sites")
def list_sites(call: Call) -> Response:
    """In the order of their ids: there is no record that would know a time."""
    of = call.services
    limit = query_number(call.request, "limit", default=LIMIT_DEFAULT, most=LIMIT_MAX)
    cursor = query(call.request, "cursor")
    after = sha256_of_site(cursor) if cursor is not None else None
    if cursor is not None and after is None:
        raise invalid("query", "/cursor", "Expected the next_cursor of the page before")
    found = sites.list_sites(of.objects, of.settings, limit=limit + 1, after_sha256=after)
    shown, more = found[:limit], len(found) > limit
    data = [site_view(site, None, 0) for site in shown]
    return page_response(data, id_of(shown[-1].sha256) if more else None, {"limit": str(limit)})


@route("GET", "/v1/sites/{site_id}")
def get_site(call: Call, site_id: str) -> View:
    of = call.services
    return site_view(sites.get_site(_sha256(site_id), of.objects, of.settings), None, 0)


@route("DELETE", "/v1/sites/{site_id}")
def delete_site(call: Call, site_id: str) -> View:
    of = call.services
    sites.delete_site(_sha256(site_id), of.objects, of.table, of.settings)
    return {"id": site_id, "deleted": True}


def _sha256(text: str) -> str:
    sha256 = sha256_of_site(text)
    if sha256 is None:
        raise SiteNotFound("there is no such site")
    return sha256
