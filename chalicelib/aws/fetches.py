"""Records of sources that are fetched from URLs (catalog/fetch.py). See `table.py` for the keys."""

from __future__ import annotations

from chalicelib.aws.records import decode_record, encode_record
from chalicelib.aws.store import Store, Update
from chalicelib.aws.work import owner_pk
from chalicelib.catalog.fetch import Fetch

_SK = "fetch"


class FetchRecords(Store):
    def put_fetch(self, fetch: Fetch) -> None:
        """In place of what was there: whoever had its lease has lost it."""
        self._put(owner_pk(fetch.asset_id), _SK, encode_record(fetch))

    def find_fetch(self, asset_id: str) -> Fetch | None:
        item = self._get(owner_pk(asset_id), _SK)
        return decode_record(item, Fetch) if item else None

    def lease_fetch(self, asset_id: str, lease: str, *, now_ms: int, until_ms: int) -> Fetch | None:
        """Take it up. Returns None, and changes nothing, if there is none or another worker is at it."""
        update = Update()
        update.require_at_most("lease_until_ms", now_ms)
        update.set("lease", lease)
        update.set("lease_until_ms", until_ms)
        item = self._update(owner_pk(asset_id), _SK, update)
        return decode_record(item, Fetch) if item else None

    def keep_lease(self, asset_id: str, lease: str, *, until_ms: int) -> bool:
        """Whether the lease is still this worker's: it goes on until then."""
        update = Update()
        update.require_in("lease", (lease,))
        update.set("lease_until_ms", until_ms)
        return self._update(owner_pk(asset_id), _SK, update) is not None

    def note_fetch(
        self, asset_id: str, lease: str, multipart_id: str | None, validator: str | None, size_bytes: int | None
    ) -> bool:
        """What file is gathered where. Returns False, and changes nothing, if the lease is another worker's."""
        update = Update()
        update.require_in("lease", (lease,))
        for name, value in (("multipart_id", multipart_id), ("validator", validator), ("size_bytes", size_bytes)):
            if value is None:
                update.remove(name)
            else:
                update.set(name, value)
        return self._update(owner_pk(asset_id), _SK, update) is not None

    def put_off_fetch(self, asset_id: str, lease: str, *, failures: int, until_ms: int) -> bool:
        """Give the lease up; nobody takes it before that time. Returns False if it is another worker's."""
        update = Update()
        update.require_in("lease", (lease,))
        update.set("failures", failures)
        update.set("lease_until_ms", until_ms)
        update.remove("lease")
        return self._update(owner_pk(asset_id), _SK, update) is not None

    def delete_fetch(self, asset_id: str) -> None:
        """Whoever was at it finds out when he next renews his lease."""
        self._delete(owner_pk(asset_id), _SK)
