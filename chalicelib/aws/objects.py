"""Objects in S3: reading, writing and signing. `Objects` extends `multipart.py` and, on it, `large.py`.

Permissions used: s3:GetObject, PutObject, DeleteObject, ListBucket, AbortMultipartUpload, ListMultipartUploadParts,
ListBucketMultipartUploads, GetObjectTagging, PutObjectTagging, RestoreObject. Etags are without quotes throughout.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from botocore.exceptions import ClientError

from chalicelib.aws.clients import calling, error_code
from chalicelib.aws.large import LargeObjects
from chalicelib.aws.ranges import RangeReader
from chalicelib.errors import ObjectMissing, SluiceError, SourceArchived, SourceChanged, StorageUnavailable

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import TagTypeDef

_DOWNLOAD_RANGE_BYTES = 16 * 1024 * 1024
_DOWNLOAD_THREADS = 6
_NOT_ARCHIVED = frozenset({"InvalidObjectState", "ObjectAlreadyInActiveTierError"})
_BODY_ATTEMPTS = 3
_DELETE_BATCH = 1000
_ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})


@dataclass(frozen=True, slots=True)
class ObjectHead:
    """`checksum_sha256` is in base 64, and empty for an object that was stored without one."""

    size_bytes: int
    etag: str
    content_type: str
    last_modified_ms: int
    checksum_sha256: str = ""


class Objects(LargeObjects):
    """Every method raises StorageUnavailable when S3 does not answer, and AwsRefused when it refuses."""

    def head(self, bucket: str, key: str) -> ObjectHead:
        """Raises ObjectMissing if there is none."""
        with calling("s3:HeadObject", StorageUnavailable, _missing(bucket, key)):
            found = self._s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        return ObjectHead(
            size_bytes=found["ContentLength"],
            etag=found["ETag"].strip('"'),
            content_type=found.get("ContentType", ""),
            last_modified_ms=round(found["LastModified"].timestamp() * 1000),
            checksum_sha256=found.get("ChecksumSHA256", ""),
        )

    def exists(self, bucket: str, key: str) -> bool:
        with calling("s3:HeadObject", StorageUnavailable):
            try:
                self._s3.head_object(Bucket=bucket, Key=key)
            except ClientError as error:
                if error_code(error) in _ABSENT:
                    return False
                raise
        return True

    def read(self, bucket: str, key: str) -> bytes:
        """The whole object; for documents, not for media. Raises ObjectMissing."""
        with calling("s3:GetObject", StorageUnavailable, _missing(bucket, key)):
            return self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    def read_range(self, bucket: str, key: str, start: int, end: int, *, etag: str = "") -> bytes:
        """Exactly the bytes [start, end), which must lie inside the object.

        Args:
            etag: If given, the object must still have it.

        Raises:
            ObjectMissing: If there is no such object.
            SourceChanged: If it has another etag, or no such bytes.
        """
        if end <= start:
            return b""
        changed = SourceChanged("the object is no longer the one that was probed", bucket=bucket, key=key)
        archived = SourceArchived("the source is archived; restore it first", bucket=bucket, key=key)
        known: dict[str, SluiceError] = {
            **_missing(bucket, key),
            "InvalidObjectState": archived,
            "PreconditionFailed": changed,
            "412": changed,
            "InvalidRange": changed,
        }
        byte_range = f"bytes={start}-{end - 1}"
        for attempt in range(1, _BODY_ATTEMPTS + 1):
            try:
                with calling("s3:GetObject", StorageUnavailable, known):
                    if etag:
                        found = self._s3.get_object(Bucket=bucket, Key=key, Range=byte_range, IfMatch=f'"{etag}"')
                    else:
                        found = self._s3.get_object(Bucket=bucket, Key=key, Range=byte_range)
                    data = found["Body"].read()
            except StorageUnavailable:
                # botocore retries requests, but not a body that breaks off.
                if attempt == _BODY_ATTEMPTS:
                    raise
                continue
            if len(data) != end - start:
                raise changed
            return data
        raise AssertionError("unreachable")

    def reader(self, bucket: str, key: str, size_bytes: int, *, etag: str = "") -> RangeReader:
        """The object as a seekable file, read as needed."""

        def fetch(start: int, end: int) -> bytes:
            return self.read_range(bucket, key, start, end, etag=etag)

        return RangeReader(fetch, size_bytes)

    def download(self, bucket: str, key: str, path: Path, *, size_bytes: int, etag: str) -> None:
        """Fetch the object of this etag into a new file, several ranges at a time.

        Raises:
            SourceChanged: If the object is another one by now.
        """
        with path.open("xb") as target, ThreadPoolExecutor(_DOWNLOAD_THREADS) as threads:
            target.truncate(size_bytes)
            starts = range(0, size_bytes, _DOWNLOAD_RANGE_BYTES)
            copy = partial(self._copy_range, bucket, key, target.fileno(), size_bytes=size_bytes, etag=etag)
            pending = [threads.submit(copy, start) for start in starts]
            try:
                for done in pending:
                    done.result()
            finally:
                for waiting in pending:
                    waiting.cancel()

    def _copy_range(self, bucket: str, key: str, target: int, start: int, *, size_bytes: int, etag: str) -> None:
        end = min(start + _DOWNLOAD_RANGE_BYTES, size_bytes)
        data = memoryview(self.read_range(bucket, key, start, end, etag=etag))
        while data:
            written = os.pwrite(target, data, start)
            data, start = data[written:], start + written

    def write(self, bucket: str, key: str, data: bytes | Path, *, content_type: str, cache_control: str = "") -> str:
        """Store bytes, or a file of at most 5 GB, under `key`, replacing what was there. Returns the etag."""
        if isinstance(data, Path):
            with data.open("rb") as file:
                return self._put(bucket, key, file, content_type, cache_control)
        return self._put(bucket, key, data, content_type, cache_control)

    def _put(self, bucket: str, key: str, body: object, content_type: str, cache_control: str) -> str:
        options = {"CacheControl": cache_control} if cache_control else {}
        with calling("s3:PutObject", StorageUnavailable):
            stored = self._s3.put_object(
                Bucket=bucket,
                Key=key,
                Body=body,  # type: ignore[arg-type]
                ContentType=content_type,
                **options,  # type: ignore[arg-type]
            )
        return stored["ETag"].strip('"')

    def add_tags(self, bucket: str, key: str, tags: Mapping[str, str]) -> None:
        """Set these tags of an object and keep the others. Raises ObjectMissing."""
        with calling("s3:GetObjectTagging", StorageUnavailable, _missing(bucket, key)):
            found = self._s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
        merged = {tag["Key"]: tag["Value"] for tag in found} | dict(tags)
        tag_set: list[TagTypeDef] = [{"Key": name, "Value": value} for name, value in merged.items()]
        with calling("s3:PutObjectTagging", StorageUnavailable, _missing(bucket, key)):
            self._s3.put_object_tagging(Bucket=bucket, Key=key, Tagging={"TagSet": tag_set})

    def storage(self, bucket: str, key: str) -> tuple[str, str]:
        """The storage class of an object, and S3's word on its restoration, if any. Raises ObjectMissing."""
        with calling("s3:HeadObject", StorageUnavailable, _missing(bucket, key)):
            found = self._s3.head_object(Bucket=bucket, Key=key)
        return found.get("StorageClass", "STANDARD"), found.get("Restore", "")

    def restore(self, bucket: str, key: str, *, days: int, tier: str) -> bool:
        """Have an archived object readable for some days. Returns False if it is not archived. Raises ObjectMissing."""
        with calling("s3:RestoreObject", StorageUnavailable, _missing(bucket, key)):
            try:
                self._s3.restore_object(
                    Bucket=bucket,
                    Key=key,
                    RestoreRequest={"Days": days, "GlacierJobParameters": {"Tier": tier}},  # type: ignore[typeddict-item]
                )
            except ClientError as error:
                if error_code(error) in _NOT_ARCHIVED:
                    return False
                if error_code(error) != "RestoreAlreadyInProgress":
                    raise
        return True

    def list_keys(self, bucket: str, prefix: str) -> Iterator[str]:
        """Keys under a prefix, in order."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        with calling("s3:ListObjectsV2", StorageUnavailable):
            for page in pages:
                yield from (found["Key"] for found in page.get("Contents", []))

    def list_sizes(self, bucket: str, prefix: str, *, after: str = "") -> Iterator[tuple[str, int]]:
        """Keys under a prefix with the bytes of their objects, in order, those behind the key `after`."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, StartAfter=after)
        with calling("s3:ListObjectsV2", StorageUnavailable):
            for page in pages:
                yield from ((found["Key"], found["Size"]) for found in page.get("Contents", []))

    def delete(self, bucket: str, key: str) -> None:
        """Delete one object; nothing happens if it is not there."""
        with calling("s3:DeleteObject", StorageUnavailable):
            self._s3.delete_object(Bucket=bucket, Key=key)

    def delete_prefix(self, bucket: str, prefix: str) -> int:
        """Delete every object under a prefix that ends in a slash. Returns how many there were."""
        if not prefix.endswith("/"):
            raise ValueError("a prefix to delete must end in a slash")
        keys = list(self.list_keys(bucket, prefix))
        for start in range(0, len(keys), _DELETE_BATCH):
            batch = keys[start : start + _DELETE_BATCH]
            with calling("s3:DeleteObjects", StorageUnavailable):
                answer = self._s3.delete_objects(
                    Bucket=bucket, Delete={"Objects": [{"Key": key} for key in batch], "Quiet": True}
                )
            failed = answer.get("Errors", [])
            if failed:
                raise StorageUnavailable(
                    f"{len(failed)} objects were not deleted", prefix=prefix, aws_code=failed[0].get("Code")
                )
        return len(keys)

    def presign_put(
        self, bucket: str, key: str, *, expires_s: int, size_bytes: int | None = None, checksum_sha256: str = ""
    ) -> str:
        """A URL that takes one PUT; if the size is given, of exactly so many bytes. Any content type will do.

        Args:
            checksum_sha256: In base 64. If given, whoever sends the bytes must send it as `x-amz-checksum-sha256`, and
                S3 refuses other bytes.
        """
        params: dict[str, object] = {"Bucket": bucket, "Key": key}
        if size_bytes is not None:
            params["ContentLength"] = size_bytes
        if checksum_sha256:
            params["ChecksumSHA256"] = checksum_sha256
        return self._presign("put_object", params, expires_s, self._for_uploads)

    def presign_post(
        self, bucket: str, key: str, *, content_type: str, size_bytes: tuple[int, int], expires_s: int
    ) -> tuple[str, dict[str, str]]:
        """URL and fields of a form that stores one object of this type, of at least and at most so many bytes."""
        fixed = {"Content-Type": content_type, "success_action_status": "201"}
        conditions = [{name: value} for name, value in fixed.items()]
        with calling("s3:presign post", StorageUnavailable):
            form = self._for_uploads.generate_presigned_post(
                bucket,
                key,
                Fields=fixed,
                Conditions=[*conditions, ["content-length-range", *size_bytes]],
                ExpiresIn=expires_s,
            )
        return form["url"], form["fields"]

    def location(self, bucket: str, key: str) -> str:
        """The plain URL of an object, which opens it to nobody."""
        return self.presign_get(bucket, key, expires_s=1).partition("?")[0]

    def presign_get(self, bucket: str, key: str, *, expires_s: int, download_name: str = "") -> str:
        """A URL that gives the object to whoever has it; with a name, as a file to be saved (RFC 6266)."""
        params: dict[str, object] = {"Bucket": bucket, "Key": key}
        if download_name:
            params["ResponseContentDisposition"] = f"attachment; filename*=UTF-8''{quote(download_name, safe='')}"
        return self._presign("get_object", params, expires_s, self._s3)


def _missing(bucket: str, key: str) -> dict[str, ObjectMissing | SourceChanged]:
    missing = ObjectMissing("there is no such object", bucket=bucket, key=key)
    return dict.fromkeys(_ABSENT, missing)
