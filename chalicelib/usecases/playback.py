"""Signed playback: tokens that open an asset's media for a while."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.catalog.playback import MediaKind, PlaybackPolicy, policy_of, sign

if TYPE_CHECKING:
    from chalicelib.aws.table import Table
    from chalicelib.catalog.asset import Asset
    from chalicelib.settings import Settings

PICTURES_S = 3600

_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class PlaybackToken:
    value: str
    kinds: tuple[MediaKind, ...]
    expires_at_ms: int


def make_token(asset: Asset, kinds: Iterable[MediaKind], table: Table, *, ttl_s: int, now_ms: int) -> PlaybackToken:
    """A token for the media of an asset, whether or not they ask for one. It cannot be called back."""
    expires_at_s = now_ms // 1000 + ttl_s
    chosen = tuple(kind for kind in MediaKind if kind in set(kinds))
    return PlaybackToken(
        sign(playback_secret(table), asset.id, chosen, expires_at_s=expires_at_s), chosen, expires_at_s * 1000
    )


def picture_tokens(assets: Iterable[Asset], table: Table, *, now_ms: int) -> dict[str, str]:
    """A token for the pictures of each signed asset that has some, by id. The secret is read once, if at all.

    It ends PICTURES_S to twice as long from now, and is the same all the while, so that a browser keeps the pictures.
    """
    signed = [asset for asset in assets if asset.poster_key and policy_of(asset.id) is PlaybackPolicy.SIGNED]
    if not signed:
        return {}
    secret, expires_at_s = playback_secret(table), (now_ms // 1000 // PICTURES_S + 2) * PICTURES_S
    return {asset.id: sign(secret, asset.id, [MediaKind.IMAGE], expires_at_s=expires_at_s) for asset in signed}


def playback_secret(table: Table) -> str:
    """The secret of this deployment, made when it is first asked for."""
    return table.keep_playback_secret(secrets.token_urlsafe(_SECRET_BYTES))


def policy_for(asked: PlaybackPolicy | None, settings: Settings) -> PlaybackPolicy:
    """Of a new asset."""
    return asked or PlaybackPolicy(settings.playback_policy)
