"""Route of sites: announce a composition's project archive, learn where to send it."""

from __future__ import annotations

from chalice.app import Response

from chalicelib.catalog.site import Site
from chalicelib.handlers.http import Call, json_response, route
from chalicelib.handlers.render_views import site_view
from chalicelib.handlers.requests import SiteBody, parse_body
from chalicelib.usecases.site import announce_site


@route("POST", "/v1/sites", status=201)
def create_site(call: Call) -> Response:
    """201 with a URL, or 200 when the very same archive is there. Idempotent by nature: the hash is the name."""
    body = parse_body(call.request, SiteBody)
    services = call.services
    site = Site(body.sha256, body.size)
    url = announce_site(site, services.objects, services.settings)
    expires_at_ms = services.clock() + 1000 * services.settings.presign_ttl_s
    return json_response(site_view(site, url, expires_at_ms), status=201 if url else 200)
