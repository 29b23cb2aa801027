"""Upload tokens and their secrets, hashed. See `table.py` for the keys."""

from __future__ import annotations

from chalicelib.aws.records import decode_record, encode_record
from chalicelib.aws.store import Store, Update
from chalicelib.catalog.upload_token import UploadToken

REMEMBERED_S = 24 * 3600
"""How long it is still known, after its end, that there was such a token."""


class UploadTokenRecords(Store):
    def create_upload_token(self, token: UploadToken) -> bool:
        """Returns False, and changes nothing, if a token of this id exists."""
        values = encode_record(token)
        values["expires_at"] = {"N": str(_forgotten_at_s(token))}
        return self._put_new(_pk(token.id), "uptoken", values)

    def add_upload_secret(self, token: UploadToken, sha256: str) -> None:
        """One more secret that the token is good with: each answer that shows it makes its own."""
        self._put(_pk(token.id), _sk(sha256), {"expires_at": {"N": str(_forgotten_at_s(token))}})

    def find_upload_token(self, token_id: str, sha256: str | None = None) -> UploadToken | None:
        """The token, or None if there is none, or none with the secret of this digest."""
        item = self._get(_pk(token_id), "uptoken")
        if item is None or (sha256 is not None and self._get(_pk(token_id), _sk(sha256)) is None):
            return None
        return decode_record(item, UploadToken)

    def take_place(self, token: UploadToken, upload_id: str) -> bool:
        """Count one more file. Returns False, and changes nothing, if that were one too many."""
        update = Update()
        update.add("files", 1)
        update.set("upload_id", upload_id)
        update.require_at_most("files", token.max_files - 1)
        return self._update(_pk(token.id), "uptoken", update) is not None

    def give_place_back(self, token_id: str) -> None:
        """A file was cancelled. The caller sees to it that this is said once."""
        update = Update()
        update.add("files", -1)
        update.require_in("id", (token_id,))
        self._update(_pk(token_id), "uptoken", update)


def _forgotten_at_s(token: UploadToken) -> int:
    return token.expires_at_ms // 1000 + REMEMBERED_S


def _pk(token_id: str) -> str:
    return f"uptoken#{token_id}"


def _sk(sha256: str) -> str:
    return f"secret#{sha256}"
