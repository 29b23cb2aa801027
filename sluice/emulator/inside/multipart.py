"""Parts of a multipart upload wait on disk and are joined there, while other requests go on.

ministack keeps all parts in memory, and to complete an upload it hashes and joins them between two requests: the whole
emulator stands still for seconds per 500 MB, with twice the object in memory. Here a part is a file once it is there.
They are joined into a new file by the kernel, in a thread; then ministack's own completion runs, on stand-ins for the
parts, and the joined file is renamed to where it looks for the object. The ETag is the hash of the parts' hashes, as
on S3, so nothing is read for it.

Versioned buckets have copies of objects that ministack writes itself: their parts are read back for it.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
import uuid
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ministack.services import s3

# Below this, a part may stay in memory.
_SMALL_BYTES = 256 * 1024
_PART_NUMBER = re.compile(rb"<PartNumber>\s*(\d+)\s*</PartNumber>")


class _StoredPart(bytes):
    """A part on disk. It has the part's length, and no bytes to join."""

    path: Path
    size_bytes: int
    digest: bytes

    @classmethod
    def write(cls, path: Path, body: bytes, digest: bytes) -> _StoredPart:
        path.write_bytes(body)
        part = cls()
        part.path, part.size_bytes, part.digest = path, len(body), digest
        return part

    def __len__(self) -> int:
        return self.size_bytes


@dataclass(frozen=True, slots=True)
class _Joined:
    """The file that these very bodies were joined into."""

    path: Path
    bodies: tuple[bytes, ...]


class _KnownDigest:
    def __init__(self, digest: bytes) -> None:
        self._digest = digest

    def digest(self) -> bytes:
        return self._digest


class _Hashes:
    """hashlib, which knows the digest of a part on disk without reading it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(hashlib, name)

    def md5(self, data: Any = b"", **options: Any) -> Any:
        return _KnownDigest(data.digest) if isinstance(data, _StoredPart) else hashlib.md5(data, **options)  # noqa: S324


_joined: ContextVar[_Joined | None] = ContextVar("joined", default=None)


def _join(bodies: Sequence[bytes], target: Path) -> None:
    with target.open("wb") as joined:
        for body in bodies:
            if not isinstance(body, _StoredPart):
                joined.write(body)
                joined.flush()
                continue
            with body.path.open("rb") as part:
                done = 0
                while sent := os.sendfile(joined.fileno(), part.fileno(), done, len(body) - done):
                    done += sent


def _named_bodies(upload: dict[str, Any], body: bytes) -> tuple[bytes, ...]:
    """The bodies of the parts that a completion names, in their order; of an unknown part there is none."""
    numbers = sorted(int(number) for number in _PART_NUMBER.findall(body))
    return tuple(upload["parts"][number]["body"] for number in numbers if number in upload["parts"])


def _forget(parts: dict[int, dict[str, Any]]) -> None:
    for part in parts.values():
        if isinstance(part["body"], _StoredPart):
            part["body"].path.unlink(missing_ok=True)


def install() -> None:
    """Replace what ministack does with the bodies of parts; what it checks, answers and records stays its own."""
    if not s3.S3_PERSIST:
        return
    spool = Path(s3.DATA_DIR).with_name("s3-parts")
    # ministack forgets unfinished uploads when it stops.
    shutil.rmtree(spool, ignore_errors=True)
    spool.mkdir(parents=True)
    upload_part, complete, abort = s3._upload_part, s3._complete_multipart_upload, s3._abort_multipart_upload
    handle_request, replicate = s3.handle_request, s3._maybe_replicate

    def upload_part_to_disk(bucket: str, key: str, body: bytes, query_params: Any, headers: Any) -> Any:
        upload = s3._multipart_uploads.get(s3._qp(query_params, "uploadId"))
        before = dict(upload["parts"]) if upload else {}
        answer = upload_part(bucket, key, body, query_params, headers)
        if answer[0] == 200 and upload and len(body) > _SMALL_BYTES:
            number = int(s3._qp(query_params, "partNumber"))
            part = upload["parts"][number]
            digest = bytes.fromhex(part["etag"].strip('"'))
            part["body"] = _StoredPart.write(spool / uuid.uuid4().hex, body, digest)
            _forget({number: before[number]} if number in before else {})
        return answer

    def complete_from_disk(bucket: str, key: str, body: bytes, query_params: Any, headers: Any = None) -> Any:
        upload_id = s3._qp(query_params, "uploadId")
        upload = s3._multipart_uploads.get(upload_id)
        if upload is None:
            return complete(bucket, key, body, query_params, headers)
        parts = {number: dict(part) for number, part in upload["parts"].items()}
        joined = _joined.get()
        has_place = s3._object_disk_path(bucket, key) is not None
        if joined is None or joined.bodies != _named_bodies(upload, body) or not has_place:
            _joined.set(None)
            for part in upload["parts"].values():
                if isinstance(part["body"], _StoredPart):
                    part["body"] = part["body"].path.read_bytes()
        answer = complete(bucket, key, body, query_params, headers)
        if upload_id not in s3._multipart_uploads:
            _forget(parts)
        return answer

    def abort_on_disk(bucket: str, key: str, query_params: Any) -> Any:
        upload_id = s3._qp(query_params, "uploadId")
        upload = s3._multipart_uploads.get(upload_id)
        answer = abort(bucket, key, query_params)
        if upload and upload_id not in s3._multipart_uploads:
            _forget(upload["parts"])
        return answer

    def take_joined(bucket: str, key: str, record: dict[str, Any], data: Any, tags: Any = None) -> None:
        """The first thing that ministack does with the record of a completed object."""
        joined = _joined.get()
        if joined is not None:
            place = Path(s3._object_disk_path(bucket, key))
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            joined.path.chmod(0o600)
            record["size"] = joined.path.stat().st_size
            joined.path.replace(place)
            # ministack reads it from disk then, and writes what describes it only.
            record["body"] = None
        replicate(bucket, key, record, data, tags)

    async def handle_joining(
        method: str, path: str, headers: Any, body: bytes, query_params: Any, **options: Any
    ) -> Any:
        upload_id = s3._qp(query_params, "uploadId") if method == "POST" else None
        upload = s3._multipart_uploads.get(upload_id) if upload_id else None
        if upload is None or upload["bucket"] in s3._bucket_versioning:
            return await handle_request(method, path, headers, body, query_params, **options)
        joined = _Joined(spool / f"{uuid.uuid4().hex}.joined", _named_bodies(upload, body))
        token = _joined.set(joined)
        try:
            await asyncio.to_thread(_join, joined.bodies, joined.path)
            return await handle_request(method, path, headers, body, query_params, **options)
        finally:
            _joined.reset(token)
            joined.path.unlink(missing_ok=True)

    s3.hashlib = _Hashes()
    s3._upload_part, s3._complete_multipart_upload = upload_part_to_disk, complete_from_disk
    s3._abort_multipart_upload, s3._maybe_replicate = abort_on_disk, take_joined
    s3.handle_request = handle_joining
