"""Objects that are larger than memory, or than one request: written as they come, or copied inside S3.

What is begun and not ended is aborted; of a worker that dies, the bucket's lifecycle rule takes the parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from chalicelib.aws.clients import calling
from chalicelib.aws.multipart import Multiparts
from chalicelib.errors import ObjectMissing, SourceChanged, StorageUnavailable

STREAM_PART_BYTES = 16 * 1024**2
COPY_PART_BYTES = 512 * 1024**2
_MOST_PARTS = 9000
_COPY_THREADS = 16


class LargeObjects(Multiparts):
    """Errors as in `Objects`."""

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
        """Store what `data` yields under `key`, replacing what was there. Holds one part in memory.

        Args:
            size_bytes: Of all of it, at most 5 TiB; decides how large parts are.
        """
        part_bytes = max(STREAM_PART_BYTES, -(-size_bytes // _MOST_PARTS))
        with self._multipart(bucket, key, content_type, cache_control) as multipart_id:
            parts = [
                (number, self.put_part(bucket, key, multipart_id, number, part))
                for number, part in enumerate(_parts(data, part_bytes), 1)
            ]
            self.complete_multipart(bucket, key, multipart_id, parts)

    def copy(
        self, source: tuple[str, str], bucket: str, key: str, *, etag: str, size_bytes: int, content_type: str
    ) -> None:
        """Copy the object `source`, given as (bucket, key), inside S3, in parts beside each other if it is large.

        Raises:
            ObjectMissing: If there is no such object.
            SourceChanged: If it has another etag.
        """
        named = {"bucket": source[0], "key": source[1]}
        changed = SourceChanged("the object is no longer the one that was ingested", **named)
        known = dict.fromkeys(("404", "NoSuchKey", "NotFound"), ObjectMissing("there is no such object", **named))
        known_changes = known | dict.fromkeys(("412", "PreconditionFailed"), changed)
        where, match = {"Bucket": source[0], "Key": source[1]}, f'"{etag}"'
        if size_bytes <= COPY_PART_BYTES:
            with calling("s3:CopyObject", StorageUnavailable, known_changes):
                self._s3.copy_object(
                    Bucket=bucket,
                    Key=key,
                    CopySource=where,  # type: ignore[arg-type]
                    CopySourceIfMatch=match,
                    ContentType=content_type,
                    MetadataDirective="REPLACE",
                )
            return

        def copy_part(number: int) -> tuple[int, str]:
            start = (number - 1) * COPY_PART_BYTES
            with calling("s3:UploadPartCopy", StorageUnavailable, known_changes):
                stored = self._s3.upload_part_copy(
                    Bucket=bucket,
                    Key=key,
                    UploadId=multipart_id,
                    PartNumber=number,
                    CopySource=where,  # type: ignore[arg-type]
                    CopySourceIfMatch=match,
                    CopySourceRange=f"bytes={start}-{min(start + COPY_PART_BYTES, size_bytes) - 1}",
                )
            return number, stored["CopyPartResult"]["ETag"].strip('"')

        count = -(-size_bytes // COPY_PART_BYTES)
        with (
            self._multipart(bucket, key, content_type, "") as multipart_id,
            ThreadPoolExecutor(_COPY_THREADS) as threads,
        ):
            parts = list(threads.map(copy_part, range(1, count + 1)))
            self.complete_multipart(bucket, key, multipart_id, parts)

    @contextmanager
    def _multipart(self, bucket: str, key: str, content_type: str, cache_control: str) -> Iterator[str]:
        multipart_id = self.create_multipart(bucket, key, content_type=content_type, cache_control=cache_control)
        done = False
        try:
            yield multipart_id
            done = True
        finally:
            if not done:
                self.abort_multipart(bucket, key, multipart_id)


def _parts(data: Iterable[bytes], part_bytes: int) -> Iterator[bytes]:
    held = bytearray()
    for each in data:
        held += each
        while len(held) >= part_bytes:
            yield bytes(held[:part_bytes])
            del held[:part_bytes]
    if held:
        yield bytes(held)
