"""Who may fetch what is published, decided from nothing but the path and one secret.

An edge sees a path; it has no table. So the id of an asset says whether its media are signed (`SIGNED_MARK`), and the
token that opens them is a part of the path, in front of the asset: everything that a playlist names relatively keeps
it. `media/t/<token>/<asset>/...` is `media/<asset>/...` for who has the token (docs/decisions/0014).

A token is `<expires>.<kinds>.<signature>`: seconds since the epoch, a letter for each kind, and HMAC-SHA256 over both
and the asset's id, in base64url. The CloudFront function in .chalice/resources.yaml decides the same, as a test checks.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from enum import StrEnum

from chalicelib.catalog.ids import ASSET_PREFIX, new_id
from chalicelib.catalog.keys import MEDIA_PREFIX

SIGNED_MARK = "sgnd"
"""How the ids of signed assets end, and no other's: 20 of its 80 bits of chance."""
TOKEN_PREFIX = "t"  # noqa: S105  a path, not a password

_UNMARKED = "sgn0"
_EARLY = "early"
_DOWNLOADS = ("static/", "mp4/")


class PlaybackPolicy(StrEnum):
    PUBLIC = "public"
    SIGNED = "signed"


class MediaKind(StrEnum):
    """What a token may open: streams, pictures, whole files."""

    VIDEO = "video"
    IMAGE = "image"
    DOWNLOAD = "download"


def new_asset_id(policy: PlaybackPolicy, now_ms: int, entropy: bytes) -> str:
    """An id whose end says how the asset may be fetched, for ever."""
    made = new_id(ASSET_PREFIX, now_ms, entropy)
    if policy is PlaybackPolicy.SIGNED:
        return made[: -len(SIGNED_MARK)] + SIGNED_MARK
    return made[: -len(_UNMARKED)] + _UNMARKED if made.endswith(SIGNED_MARK) else made


def policy_of(asset_id: str) -> PlaybackPolicy:
    return PlaybackPolicy.SIGNED if asset_id.endswith(SIGNED_MARK) else PlaybackPolicy.PUBLIC


def sign(secret: str, asset_id: str, kinds: Iterable[MediaKind], *, expires_at_s: int) -> str:
    """The token for an asset's media of these kinds, until then."""
    letters = "".join(sorted({kind[0] for kind in kinds}))
    return f"{expires_at_s}.{letters}.{_signature(secret, asset_id, expires_at_s, letters)}"


def signed_key(key: str, token: str) -> str:
    """A key of the media bucket, as the path that opens it."""
    return f"{MEDIA_PREFIX}{TOKEN_PREFIX}/{token}/{key.removeprefix(MEDIA_PREFIX)}"


def opened_path(path: str, secret: str, *, now_s: int) -> str | None:
    """The path, below `media/`, of the object that a requested path below `media/` opens; None if it opens none.

    Args:
        path: Decoded, without a leading slash.
    """
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts):
        return None
    token = None
    if parts[0] == TOKEN_PREFIX:
        token, parts = "".join(parts[1:2]), parts[2:]
    asset_id = "".join(parts[1:2] if parts[:1] == [_EARLY] else parts[:1])
    if token is None:
        return path if policy_of(asset_id) is PlaybackPolicy.PUBLIC else None
    expires, _, rest = token.partition(".")
    letters, _, signature = rest.partition(".")
    if not (expires.isascii() and expires.isdecimal() and len(expires) <= 12 and int(expires) > now_s):
        return None
    name = "/".join(parts[3 if parts[0:1] == [_EARLY] else 2 :])
    if kind_of(name)[0] not in letters:
        return None
    expected = _signature(secret, asset_id, int(expires), letters)
    return "/".join(parts) if hmac.compare_digest(expected.encode(), signature.encode()) else None


def kind_of(name: str) -> MediaKind:
    """Of an object, by its name within its publication."""
    if name.startswith(_DOWNLOADS):
        return MediaKind.DOWNLOAD
    return MediaKind.IMAGE if name.endswith(".jpg") or name == "storyboard.vtt" else MediaKind.VIDEO


def _signature(secret: str, asset_id: str, expires_at_s: int, letters: str) -> str:
    digest = hmac.digest(secret.encode(), f"{asset_id}.{expires_at_s}.{letters}".encode(), hashlib.sha256)
    return urlsafe_b64encode(digest).decode().rstrip("=")
