"""S3 multipart uploads: opened here, filled through presigned URLs or by us, completed or aborted here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from chalicelib.aws.clients import Clients, calling, error_code
from chalicelib.errors import StorageUnavailable, UploadIncomplete

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class Part:
    """One stored part; numbers count from 1."""

    number: int
    etag: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class OpenMultipart:
    """A multipart upload that nobody has completed or aborted."""

    key: str
    multipart_id: str
    started_at_ms: int


class Multiparts:
    """Errors as in `Objects`."""

    def __init__(self, clients: Clients, *, accelerates: bool = False) -> None:
        """`accelerates`: URLs that take uploads lead through S3's edge; the bucket must allow it."""
        self._clients = clients
        self._accelerates = accelerates

    @property
    def _s3(self) -> S3Client:
        return self._clients.s3

    @property
    def _for_uploads(self) -> S3Client:
        return self._clients.s3_accelerated if self._accelerates else self._clients.s3

    def create_multipart(self, bucket: str, key: str, *, content_type: str, cache_control: str = "") -> str:
        """Open a multipart upload and return its id."""
        options = {"CacheControl": cache_control} if cache_control else {}
        with calling("s3:CreateMultipartUpload", StorageUnavailable):
            opened = self._s3.create_multipart_upload(
                Bucket=bucket,
                Key=key,
                ContentType=content_type,
                **options,  # type: ignore[arg-type]
            )
        return opened["UploadId"]

    def put_part(self, bucket: str, key: str, multipart_id: str, part_number: int, data: bytes) -> str:
        """Store one part, whose number is 1 for the first. Returns its etag."""
        with calling("s3:UploadPart", StorageUnavailable):
            stored = self._s3.upload_part(
                Bucket=bucket, Key=key, UploadId=multipart_id, PartNumber=part_number, Body=data
            )
        return stored["ETag"].strip('"')

    def presign_part(self, bucket: str, key: str, multipart_id: str, part_number: int, *, expires_s: int) -> str:
        """A URL that takes one PUT of one part. S3 cannot hold it to a size."""
        params = {"Bucket": bucket, "Key": key, "UploadId": multipart_id, "PartNumber": part_number}
        return self._presign("upload_part", params, expires_s, self._for_uploads)

    def list_parts(self, bucket: str, key: str, multipart_id: str) -> tuple[Part, ...] | None:
        """The parts stored so far, by number; None if the multipart upload is completed, aborted or unknown."""
        pages = self._s3.get_paginator("list_parts").paginate(Bucket=bucket, Key=key, UploadId=multipart_id)
        with calling("s3:ListParts", StorageUnavailable):
            try:
                return tuple(
                    Part(part["PartNumber"], part["ETag"].strip('"'), part["Size"])
                    for page in pages
                    for part in page.get("Parts", [])
                )
            except ClientError as error:
                if error_code(error) == "NoSuchUpload":
                    return None
                raise

    def complete_multipart(self, bucket: str, key: str, multipart_id: str, parts: Sequence[tuple[int, str]]) -> bool:
        """Make one object of the parts, given as (number, etag) by number.

        Returns:
            False if the multipart upload is no longer open: it was completed or aborted before.

        Raises:
            UploadIncomplete: If a part is not stored with that etag, or is too small.
        """
        incomplete = UploadIncomplete("S3 does not hold the parts as listed", key=key)
        known = dict.fromkeys(("InvalidPart", "InvalidPartOrder", "EntityTooSmall"), incomplete)
        listed = [{"PartNumber": number, "ETag": f'"{etag}"'} for number, etag in parts]
        with calling("s3:CompleteMultipartUpload", StorageUnavailable, known):
            try:
                self._s3.complete_multipart_upload(
                    Bucket=bucket,
                    Key=key,
                    UploadId=multipart_id,
                    MultipartUpload={"Parts": listed},  # type: ignore[typeddict-item]
                )
            except ClientError as error:
                if error_code(error) == "NoSuchUpload":
                    return False
                raise
        return True

    def abort_multipart(self, bucket: str, key: str, multipart_id: str) -> None:
        """Drop the parts; nothing happens if the multipart upload is no longer open."""
        with calling("s3:AbortMultipartUpload", StorageUnavailable):
            try:
                self._s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=multipart_id)
            except ClientError as error:
                if error_code(error) != "NoSuchUpload":
                    raise

    def stale_multiparts(self, bucket: str, prefix: str, *, older_than_ms: int) -> Iterator[OpenMultipart]:
        """Multipart uploads under `prefix` that were opened before the time `older_than_ms`."""
        pages = self._s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=prefix)
        with calling("s3:ListMultipartUploads", StorageUnavailable):
            for page in pages:
                for found in page.get("Uploads", []):
                    started_at_ms = round(found["Initiated"].timestamp() * 1000)
                    if started_at_ms < older_than_ms:
                        yield OpenMultipart(found["Key"], found["UploadId"], started_at_ms)

    def _presign(self, operation: str, params: Mapping[str, object], expires_s: int, client: S3Client) -> str:
        with calling(f"s3:presign {operation}", StorageUnavailable):
            return client.generate_presigned_url(operation, Params=params, ExpiresIn=expires_s)
