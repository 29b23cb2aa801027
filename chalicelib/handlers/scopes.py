"""What each route asks of its caller: the one table.

A route that is not in it asks for `admin`, so that forgetting one closes it; a test sees that none is forgotten.
Routes that are open to all, or to holders of an upload token in the path, say so where they are (`public`).
"""

from __future__ import annotations

from chalicelib.catalog.api_key import Scope

READ, WRITE, PLAYBACK, ADMIN = Scope.READ, Scope.WRITE, Scope.PLAYBACK, Scope.ADMIN

SCOPES: dict[str, Scope] = {
    "POST /v1/uploads": WRITE,
    "GET /v1/uploads": READ,
    "GET /v1/uploads/{upload_id}": WRITE,  # its answer holds URLs that take bytes
    "GET /v1/uploads/{upload_id}/parts": WRITE,
    "POST /v1/uploads/{upload_id}/complete": WRITE,
    "POST /v1/uploads/{upload_id}/cancel": WRITE,
    "POST /v1/upload-tokens": WRITE,
    "POST /upload": WRITE,
    "GET /presign": WRITE,  # opens an upload
    "POST /v1/assets": WRITE,
    "GET /v1/assets": READ,
    "GET /v1/assets/{asset_id}": READ,
    "PATCH /v1/assets/{asset_id}": WRITE,
    "DELETE /v1/assets/{asset_id}": WRITE,
    "POST /v1/assets/{asset_id}/tokens": PLAYBACK,
    "POST /v1/estimates": READ,
    "POST /v1/assets/{asset_id}/cancel": WRITE,
    "POST /v1/assets/{asset_id}/retry": WRITE,
    "POST /v1/assets/{asset_id}/renditions": WRITE,
    "GET /v1/assets/{asset_id}/renditions": READ,
    "POST /v1/assets/{asset_id}/tracks": WRITE,
    "GET /v1/assets/{asset_id}/tracks": READ,
    "GET /v1/assets/{asset_id}/tracks/{track_id}": READ,
    "DELETE /v1/assets/{asset_id}/tracks/{track_id}": WRITE,
    "GET /v1/assets/{asset_id}/renditions/{rendition_id}": READ,
    "DELETE /v1/assets/{asset_id}/renditions/{rendition_id}": WRITE,
    "GET /v1/assets/{asset_id}/master": WRITE,  # the source itself
    "POST /v1/assets/{asset_id}/restore": WRITE,
    "GET /v1/assets/{asset_id}/vod": READ,
    "POST /v1/webhooks": WRITE,
    "GET /v1/webhooks": READ,
    "GET /v1/webhooks/{webhook_id}": READ,
    "PATCH /v1/webhooks/{webhook_id}": WRITE,
    "DELETE /v1/webhooks/{webhook_id}": WRITE,
    "POST /v1/webhooks/{webhook_id}/rotate": WRITE,
    "POST /v1/webhooks/{webhook_id}/ping": WRITE,
    "GET /v1/webhooks/{webhook_id}/deliveries": READ,
    "POST /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay": WRITE,
    "POST /v1/sites": WRITE,
    "GET /v1/sites": READ,
    "GET /v1/sites/{site_id}": READ,
    "DELETE /v1/sites/{site_id}": WRITE,
    "POST /v1/renders": WRITE,
    "GET /v1/renders": READ,
    "GET /v1/renders/{render_id}": READ,
    "DELETE /v1/renders/{render_id}": WRITE,
    "POST /v1/renders/{render_id}/cancel": WRITE,
    "POST /v1/keys": ADMIN,
    "GET /v1/keys": ADMIN,
    "GET /v1/keys/{key_id}": ADMIN,
    "DELETE /v1/keys/{key_id}": ADMIN,
    "POST /v1/keys/{key_id}/rotate": ADMIN,
}


def scope_of(method: str, path: str) -> Scope:
    return SCOPES.get(f"{method} {path}", Scope.ADMIN)
