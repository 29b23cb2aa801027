"""API keys, found by id and by digest, and the requests that they made. See `table.py` for the keys.

A record is the truth about its key: the items that lead to it from a digest say nothing but its id. It is written last
and deleted first, so a key is good exactly as long as there is a record that says so.
"""

from __future__ import annotations

from chalicelib.aws.lists import Page
from chalicelib.aws.records import decode_record, encode_record
from chalicelib.aws.store import Store, Update
from chalicelib.catalog.api_key import WINDOW_S, ApiKey
from chalicelib.errors import ApiKeyNotFound

_ALL = "apikey"


class ApiKeyRecords(Store):
    def create_api_key(self, key: ApiKey) -> bool:
        """Returns False, and changes nothing, if a key of this id exists."""
        values = encode_record(key)
        values["gsi1pk"] = {"S": _ALL}
        values["gsi1sk"] = {"S": key.id}
        self._lead(key.sha256, key.id)
        return self._put_new(_pk(key.id), "apikey", values)

    def get_api_key(self, key_id: str) -> ApiKey:
        """Raises ApiKeyNotFound."""
        item = self._get(_pk(key_id), "apikey")
        if item is None:
            raise ApiKeyNotFound("there is no such API key", key_id=key_id)
        return decode_record(item, ApiKey)

    def find_api_key(self, sha256: str) -> ApiKey | None:
        """The record of the key with this digest, which may be that of before its rotation."""
        finder = self._get(_finder_pk(sha256), "key")
        item = self._get(_pk(finder["key_id"]["S"]), "apikey") if finder and "key_id" in finder else None
        return decode_record(item, ApiKey) if item else None

    def list_api_keys(self, *, limit: int, cursor: str | None) -> Page[ApiKey]:
        """By time of creation, the latest first."""
        found = self._index_page(_ALL, before=cursor, limit=limit + 1)
        page = tuple(decode_record(item, ApiKey) for item in found[:limit])
        return Page(page, page[-1].id if len(found) > limit else None)

    def rotate_api_key(self, key: ApiKey, sha256: str, hint: str, *, old_until_ms: int) -> ApiKey | None:
        """Give a key another secret. None, and nothing is written, if it is gone or was rotated meanwhile."""
        self._lead(sha256, key.id)
        update = Update()
        update.require_in("sha256", (key.sha256,))
        update.set("sha256", sha256)
        update.set("hint", hint)
        update.set("old_sha256", key.sha256)
        update.set("old_until_ms", old_until_ms)
        item = self._update(_pk(key.id), "apikey", update)
        over = sha256 if item is None else key.old_sha256
        if over is not None:
            self._delete(_finder_pk(over), "key")
        return decode_record(item, ApiKey) if item else None

    def _lead(self, sha256: str, key_id: str) -> None:
        self._put(_finder_pk(sha256), "key", {"key_id": {"S": key_id}})

    def note_use(self, key_id: str, *, now_ms: int) -> None:
        update = Update()
        update.require_in("id", (key_id,))
        update.set("last_used_at_ms", now_ms)
        self._update(_pk(key_id), "apikey", update)

    def delete_api_key(self, key: ApiKey) -> None:
        self._delete(_pk(key.id), "apikey")
        for sha256 in {key.sha256, key.old_sha256} - {None}:
            self._delete(_finder_pk(str(sha256)), "key")

    def count_request(self, caller: str, *, limit: int, now_ms: int) -> bool:
        """Count one request in this minute. Returns False, and counts nothing, if there were `limit` already.

        One conditional write, so the workers of a deployment together let through exactly `limit`.
        """
        window = now_ms // 1000 // WINDOW_S
        update = Update()
        update.add("requests", 1)
        update.set("expires_at", (window + 2) * WINDOW_S)
        update.require_new_or_at_most("requests", limit - 1)
        return self._update(f"rate#{caller}#{window}", "rate", update) is not None


def _pk(key_id: str) -> str:
    return f"apikey#{key_id}"


def _finder_pk(sha256: str) -> str:
    return f"key#{sha256}"
