"""The upload: how the bytes of one asset get into the source bucket.

It is open while `waiting`; it ends once, and never opens again: `completed` when the bytes have arrived, whatever they
are worth, `errored` when what arrived was no upload at all, being empty or larger than allowed. Up to
SINGLE_PUT_MAX_BYTES are sent with one presigned PUT, more with an S3 multipart upload within S3's limits (10,000 parts,
each of 5 MiB to 5 GiB, the last of any size).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MIB = 1024**2
SINGLE_PUT_MAX_BYTES = 64 * MIB
PART_MIN_BYTES = 8 * MIB
PART_MAX_BYTES = 5 * 1024 * MIB
PARTS_WISHED = 1000
PARTS_MAX = 10_000
S3_PART_MIN_BYTES = 5 * MIB


class UploadStatus(StrEnum):
    WAITING = "waiting"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    ERRORED = "errored"


@dataclass(frozen=True, slots=True)
class Upload:
    """The record.

    Attributes:
        size_bytes: As announced; None where the client did not say (GET /presign, upload tokens).
        part_size_bytes: Size of every part but the last; None for a single PUT, and where the client cuts the file.
        multipart_id: S3's id of the multipart upload; None for a single PUT.
        upload_token_id: The upload token that it was opened with, if any.
        max_bytes: Largest file, where that is less than the deployment's own limit.
    """

    id: str
    asset_id: str
    status: UploadStatus
    bucket: str
    key: str
    filename: str
    content_type: str
    size_bytes: int | None
    part_size_bytes: int | None
    multipart_id: str | None
    created_at_ms: int
    updated_at_ms: int
    expires_at_ms: int
    upload_token_id: str | None = None
    max_bytes: int | None = None


def part_size(size_bytes: int) -> int | None:
    """Bytes per part for a file of `size_bytes`, in whole MiB; None if one PUT is enough."""
    if size_bytes <= SINGLE_PUT_MAX_BYTES:
        return None
    wished_bytes = -(-size_bytes // (PARTS_WISHED * MIB)) * MIB
    return min(max(PART_MIN_BYTES, wished_bytes), PART_MAX_BYTES)


def part_count(upload: Upload) -> int:
    """Parts that a multipart upload will have, or 0 for a single PUT."""
    if upload.part_size_bytes is None or upload.size_bytes is None:
        return 0
    return -(-upload.size_bytes // upload.part_size_bytes)
