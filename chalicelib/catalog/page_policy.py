"""What the pages may load, and who may frame them: their Content-Security-Policy (CSP Level 3) and its companions.

Invariant: nothing is allowed that a page does not need. There is no 'unsafe-inline' and no 'unsafe-eval', no script can
be made of a string (Trusted Types), and the only hosts are the page's own, that of the media and that of the uploads.
"""

from __future__ import annotations

from collections.abc import Sequence

_SELF = "'self'"
_NONE = "'none'"

FILE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # Other origins have no business with our scripts; a page that frames /embed loads them from its own frame.
    "Cross-Origin-Resource-Policy": "same-origin",
}


def page_headers(media_origin: str, storage_origin: str) -> dict[str, str]:
    """Of the page: it talks to the API, plays media and sends files to the bucket. Nobody may frame it.

    Args:
        media_origin: Empty where nothing serves media.
        storage_origin: Of presigned URLs.
    """
    return _headers(_policy((media_origin, storage_origin), (_NONE,)))


def embed_headers(media_origin: str, ancestors: Sequence[str]) -> dict[str, str]:
    """Of the embeddable player: it plays media, inside pages of these origins ("*" is any)."""
    return _headers(_policy((media_origin,), ancestors))


def _headers(policy: str) -> dict[str, str]:
    return {
        "Content-Security-Policy": policy,
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
    }


def _policy(hosts: Sequence[str], ancestors: Sequence[str]) -> str:
    directives: tuple[tuple[str, Sequence[str]], ...] = (
        ("default-src", (_NONE,)),
        ("script-src", (_SELF,)),
        ("style-src", (_SELF,)),
        # The font is part of its style sheet: API Gateway gives binary files only to who asks for their very type.
        ("font-src", ("data:",)),
        ("img-src", (_SELF, *hosts)),
        # blob: is how MediaSource is attached.
        ("media-src", (_SELF, "blob:", *hosts)),
        ("connect-src", (_SELF, *hosts)),
        ("base-uri", (_NONE,)),
        ("form-action", (_NONE,)),
        ("frame-ancestors", ancestors),
        ("require-trusted-types-for", ("'script'",)),
        ("trusted-types", (_NONE,)),
    )
    return "; ".join(f"{name} {' '.join(dict.fromkeys(word for word in words if word))}" for name, words in directives)
