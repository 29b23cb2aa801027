"""Objects in memory, with the behaviour of S3 that the code relies on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from chalicelib.aws.clients import Clients
from chalicelib.aws.multipart import OpenMultipart, Part
from chalicelib.aws.objects import ObjectHead, Objects
from chalicelib.errors import ObjectMissing, SourceChanged, UploadIncomplete, UploadNotOpen
from tests.clock import Clock


@dataclass(frozen=True)
class Stored:
    data: bytes
    content_type: str
    cache_control: str = ""
    checksum_sha256: str = ""

    @property
    def etag(self) -> str:
        return hashlib.md5(self.data, usedforsecurity=False).hexdigest()


@dataclass
class _Multipart:
    bucket: str
    key: str
    content_type: str
    started_at_ms: int
    parts: dict[int, bytes] = field(default_factory=dict)


class FakeObjects(Objects):
    """`stored` and `multiparts` are open to tests; `reads` notes every (key, start, end) read."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(Clients())
        self.clock = clock or Clock()
        self.stored: dict[tuple[str, str], Stored] = {}
        self.multiparts: dict[str, _Multipart] = {}
        self.reads: list[tuple[str, int, int]] = []
        self.restored: list[tuple[str, int, str]] = []
        self.tags: dict[tuple[str, str], dict[str, str]] = {}
        self.stored_as: dict[tuple[str, str], tuple[str, str]] = {}

    def _find(self, bucket: str, key: str) -> Stored:
        if (bucket, key) not in self.stored:
            raise ObjectMissing("there is no such object", bucket=bucket, key=key)
        return self.stored[bucket, key]

    def head(self, bucket: str, key: str) -> ObjectHead:
        found = self._find(bucket, key)
        return ObjectHead(len(found.data), found.etag, found.content_type, self.clock(), found.checksum_sha256)

    def exists(self, bucket: str, key: str) -> bool:
        return (bucket, key) in self.stored

    def read(self, bucket: str, key: str) -> bytes:
        return self._find(bucket, key).data

    def read_range(self, bucket: str, key: str, start: int, end: int, *, etag: str = "") -> bytes:
        if end <= start:
            return b""
        found = self._find(bucket, key)
        if (etag and etag != found.etag) or end > len(found.data):
            raise SourceChanged("the object is no longer the one that was probed", bucket=bucket, key=key)
        self.reads.append((key, start, end))
        return found.data[start:end]

    def download(self, bucket: str, key: str, path: Path, *, size_bytes: int, etag: str) -> None:
        with path.open("xb") as target:
            target.write(self.read_range(bucket, key, 0, size_bytes, etag=etag))

    def write(self, bucket: str, key: str, data: bytes | Path, *, content_type: str, cache_control: str = "") -> str:
        content = data.read_bytes() if isinstance(data, Path) else data
        self.stored[bucket, key] = Stored(content, content_type, cache_control)
        return self.stored[bucket, key].etag

    def add_tags(self, bucket: str, key: str, tags: Mapping[str, str]) -> None:
        self._find(bucket, key)
        self.tags.setdefault((bucket, key), {}).update(tags)

    def storage(self, bucket: str, key: str) -> tuple[str, str]:
        self._find(bucket, key)
        return self.stored_as.get((bucket, key), ("STANDARD", ""))

    def restore(self, bucket: str, key: str, *, days: int, tier: str) -> bool:
        storage_class, _ = self.storage(bucket, key)
        if storage_class != "STANDARD":
            self.restored.append((key, days, tier))
            self.stored_as[bucket, key] = (storage_class, 'ongoing-request="true"')
        return storage_class != "STANDARD"

    def write_stream(
        self,
        bucket: str,
        key: str,
        data: Iterable[bytes],
        *,
        size_bytes: int,
        content_type: str,
        cache_control: str = "",
    ) -> None:
        assert size_bytes > 0
        content = b"".join(data)
        self.write(bucket, key, content, content_type=content_type, cache_control=cache_control)

    def copy(
        self, source: tuple[str, str], bucket: str, key: str, *, etag: str, size_bytes: int, content_type: str
    ) -> None:
        found = self._find(*source)
        if (etag, size_bytes) != (found.etag, len(found.data)):
            raise SourceChanged("the object is no longer the one that was ingested")
        self.write(bucket, key, found.data, content_type=content_type)

    def list_keys(self, bucket: str, prefix: str) -> Iterator[str]:
        return iter(sorted(key for held, key in self.stored if held == bucket and key.startswith(prefix)))

    def list_sizes(self, bucket: str, prefix: str, *, after: str = "") -> Iterator[tuple[str, int]]:
        found = (key for key in self.list_keys(bucket, prefix) if key > after)
        return ((key, len(self.stored[bucket, key].data)) for key in found)

    def delete(self, bucket: str, key: str) -> None:
        self.stored.pop((bucket, key), None)

    def delete_prefix(self, bucket: str, prefix: str) -> int:
        if not prefix.endswith("/"):
            raise ValueError("a prefix to delete must end in a slash")
        keys = list(self.list_keys(bucket, prefix))
        for key in keys:
            del self.stored[bucket, key]
        return len(keys)

    def presign_put(
        self, bucket: str, key: str, *, expires_s: int, size_bytes: int | None = None, checksum_sha256: str = ""
    ) -> str:
        url = f"https://{bucket}.s3.test/{key}?expires={expires_s}&size={size_bytes}"
        return f"{url}&sum={checksum_sha256}" if checksum_sha256 else url

    def presign_get(self, bucket: str, key: str, *, expires_s: int, download_name: str = "") -> str:
        return f"https://{bucket}.s3.test/{key}?expires={expires_s}&name={download_name}"

    def presign_post(
        self, bucket: str, key: str, *, content_type: str, size_bytes: tuple[int, int], expires_s: int
    ) -> tuple[str, dict[str, str]]:
        url = f"https://{bucket}.s3.test/?least={size_bytes[0]}&most={size_bytes[1]}&expires={expires_s}"
        return url, {"key": key, "Content-Type": content_type}

    def create_multipart(self, bucket: str, key: str, *, content_type: str, cache_control: str = "") -> str:  # noqa: ARG002
        multipart_id = f"multipart-{len(self.multiparts)}"
        self.multiparts[multipart_id] = _Multipart(bucket, key, content_type, self.clock())
        return multipart_id

    def presign_part(self, bucket: str, key: str, multipart_id: str, part_number: int, *, expires_s: int) -> str:
        return f"https://{bucket}.s3.test/{key}?uploadId={multipart_id}&partNumber={part_number}&expires={expires_s}"

    def list_parts(self, bucket: str, key: str, multipart_id: str) -> tuple[Part, ...] | None:
        found = self.multiparts.get(multipart_id)
        if found is None or (found.bucket, found.key) != (bucket, key):
            return None
        return tuple(Part(number, Stored(data, "").etag, len(data)) for number, data in sorted(found.parts.items()))

    def put_part(self, bucket: str, key: str, multipart_id: str, part_number: int, data: bytes) -> str:
        if self.list_parts(bucket, key, multipart_id) is None:
            raise UploadNotOpen("the multipart upload is no longer open", key=key)
        self.multiparts[multipart_id].parts[part_number] = data
        return Stored(data, "").etag

    def complete_multipart(self, bucket: str, key: str, multipart_id: str, parts: Sequence[tuple[int, str]]) -> bool:
        stored = self.list_parts(bucket, key, multipart_id)
        if stored is None:
            return False
        if not set(parts) <= {(part.number, part.etag) for part in stored}:
            raise UploadIncomplete("S3 does not hold the parts as listed", key=key)
        found = self.multiparts.pop(multipart_id)
        data = b"".join(found.parts[number] for number, _ in parts)
        self.write(bucket, key, data, content_type=found.content_type)
        return True

    def abort_multipart(self, bucket: str, key: str, multipart_id: str) -> None:
        if self.list_parts(bucket, key, multipart_id) is not None:
            del self.multiparts[multipart_id]

    def stale_multiparts(self, bucket: str, prefix: str, *, older_than_ms: int) -> Iterator[OpenMultipart]:
        for multipart_id, found in list(self.multiparts.items()):
            if found.bucket == bucket and found.key.startswith(prefix) and found.started_at_ms < older_than_ms:
                yield OpenMultipart(found.key, multipart_id, found.started_at_ms)
