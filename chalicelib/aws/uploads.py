"""Upload records. See `table.py` for the keys. An upload leaves `waiting` once and never comes back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from chalicelib.aws.lists import ListedRecords, Page
from chalicelib.aws.outbox import Outbox
from chalicelib.aws.records import decode_record, encode_record
from chalicelib.aws.store import Update
from chalicelib.catalog.events import upload_events
from chalicelib.catalog.upload import Upload, UploadStatus
from chalicelib.errors import UploadNotFound


class UploadRecords(ListedRecords, Outbox):
    def create_upload(self, upload: Upload) -> bool:
        """Returns False, and changes nothing, if an upload of this id exists."""
        values = encode_record(upload)
        values["gsi1pk"] = {"S": _partition(upload.status)}
        values["gsi1sk"] = {"S": upload.id}
        return self._put_new(_pk(upload.id), "upload", values)

    def get_upload(self, upload_id: str) -> Upload:
        """Raises UploadNotFound."""
        item = self._get(_pk(upload_id), "upload")
        if item is None:
            raise UploadNotFound("there is no such upload", upload_id=upload_id)
        return decode_record(item, Upload)

    def end_upload(self, upload_id: str, status: UploadStatus, *, now_ms: int) -> Upload | None:
        """Close an upload that is waiting. Returns None, and changes nothing, if it was closed before or unknown."""
        update = Update()
        update.require_in("status", (UploadStatus.WAITING,))
        update.set("status", status)
        update.set("gsi1pk", _partition(status))
        update.set("updated_at_ms", now_ms)
        before = self._get(_pk(upload_id), "upload")
        if before is None:
            return None
        ended = replace(decode_record(before, Upload), status=status, updated_at_ms=now_ms)
        events = upload_events(ended, at_ms=now_ms)
        item = self._update_telling(_pk(upload_id), "upload", update, events)
        return decode_record(item, Upload) if item else None

    def forget_upload(self, upload_id: str, *, at_s: int) -> None:
        """Let DynamoDB forget it then, if there is one."""
        update = Update()
        update.require_in("id", (upload_id,))
        update.set("expires_at", at_s)
        self._update(_pk(upload_id), "upload", update)

    def put_into_parts(self, upload_id: str, multipart_id: str, *, now_ms: int) -> Upload | None:
        """Note the multipart upload of a waiting upload that has none. Returns None, and changes nothing, otherwise."""
        update = Update()
        update.require_in("status", (UploadStatus.WAITING,))
        update.require_absent("multipart_id")
        update.set("multipart_id", multipart_id)
        update.set("updated_at_ms", now_ms)
        item = self._update(_pk(upload_id), "upload", update)
        return decode_record(item, Upload) if item else None

    def list_uploads(self, *, status: UploadStatus | None, limit: int, cursor: str | None) -> Page[Upload]:
        """Uploads by time of creation, the latest first; `cursor` is the `next_cursor` of the page before."""
        statuses = tuple(UploadStatus) if status is None else (status,)
        return self._latest(map(_partition, statuses), Upload, limit=limit, cursor=cursor)

    def expired_uploads(self, now_ms: int) -> Iterator[Upload]:
        """Uploads that are still waiting though their time is over, the oldest first."""
        for item in self._index_below(_partition(UploadStatus.WAITING), "expires_at_ms", now_ms):
            yield decode_record(item, Upload)


def _pk(upload_id: str) -> str:
    return f"upload#{upload_id}"


def _partition(status: UploadStatus) -> str:
    return f"upload#{status}"
