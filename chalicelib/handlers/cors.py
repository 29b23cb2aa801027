"""Which browser origins may call the API.

API Gateway answers preflights itself, with the one origin that the template holds. With several origins it says "*",
and each real answer then names the caller's origin only if it is allowed. No answer depends on cookies.
"""

from __future__ import annotations

from chalice.app import CORSConfig

EXPOSED = ("ETag", "Link", "Location", "Retry-After", "WWW-Authenticate", "X-Request-Id")
ACCEPTED = ("Authorization", "Content-Type", "Idempotency-Key")


def cors_config(origins: tuple[str, ...]) -> CORSConfig:
    return CORSConfig(
        allow_origin=origins[0] if len(origins) == 1 else "*",
        allow_headers=list(ACCEPTED),
        expose_headers=list(EXPOSED),
        max_age=3600,
    )


def origin_headers(origins: tuple[str, ...], origin: str | None) -> dict[str, str]:
    """What an answer says beyond the fixed configuration: nothing, unless there are several origins."""
    if len(origins) == 1:
        return {}
    allowed = origin if origin in origins else origins[0]
    return {"Access-Control-Allow-Origin": allowed, "Vary": "Origin"}
