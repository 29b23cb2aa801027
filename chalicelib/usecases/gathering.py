"""The parts of one file that comes bit by bit, on their way to be one object."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib.errors import UploadNotOpen

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects

PART_BYTES = 16 * 1024**2
LEAST_PART_BYTES = 5 * 1024**2
"""S3's own limit, but for the last part."""


@dataclass(slots=True)
class Gathering:
    """`parts` are (number, etag, size); `held` is what has come since the last one."""

    objects: Objects
    bucket: str
    key: str
    multipart_id: str | None
    parts: list[tuple[int, str, int]] = field(default_factory=list)
    held: bytearray = field(default_factory=bytearray)

    @property
    def come_bytes(self) -> int:
        return self.stored_bytes + len(self.held)

    @property
    def stored_bytes(self) -> int:
        return sum(size for _, _, size in self.parts)

    def find_stored(self) -> None:
        """Those that S3 holds, as far as none is missing."""
        found = None
        if self.multipart_id is not None:
            found = self.objects.list_parts(self.bucket, self.key, self.multipart_id)
        self.parts = [
            (part.number, part.etag, part.size_bytes)
            for expected, part in enumerate(found or (), 1)
            if part.number == expected
        ]
        if found is None:
            self.multipart_id = None

    def open(self) -> None:
        if self.multipart_id is None:
            self.multipart_id = self.objects.create_multipart(
                self.bucket, self.key, content_type="application/octet-stream"
            )

    def drop(self) -> None:
        if self.multipart_id is not None:
            self.objects.abort_multipart(self.bucket, self.key, self.multipart_id)
        self.multipart_id, self.parts = None, []
        self.held.clear()

    def store_held(self) -> None:
        if self.multipart_id is None:
            raise UploadNotOpen("the multipart upload is not open", key=self.key)
        number, data = len(self.parts) + 1, bytes(self.held)
        etag = self.objects.put_part(self.bucket, self.key, self.multipart_id, number, data)
        self.parts.append((number, etag, len(data)))
        self.held.clear()

    def join(self) -> None:
        """Raises UploadNotOpen or UploadIncomplete if these are not the parts that are stored."""
        listed = [(number, etag) for number, etag, _ in self.parts]
        done = self.multipart_id is not None and self.objects.complete_multipart(
            self.bucket, self.key, self.multipart_id, listed
        )
        if not done:
            raise UploadNotOpen("the multipart upload is no longer open", key=self.key)
