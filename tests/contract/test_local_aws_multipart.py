"""Multipart uploads on the local AWS: parts wait on disk, and the object is what S3 would have made of them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.aws.clients import Clients
from tests.contract.conftest import BUCKET

MIB = 1024**2
# Two that are written to disk, and one that is small enough to stay in memory.
PARTS = {number: bytes([number]) * size for number, size in ((1, 5 * MIB + 7), (2, 5 * MIB), (10, 1000))}
WHOLE = b"".join(PARTS.values())
ETAG = f"{hashlib.md5(b''.join(hashlib.md5(part).digest() for part in PARTS.values())).hexdigest()}-3"  # noqa: S324


class Upload:
    def __init__(self, clients: Clients, bucket: str = BUCKET, key: str = "film.mp4") -> None:
        self.s3: Any = clients.s3
        self.at: dict[str, Any] = {"Bucket": bucket, "Key": key}
        self.id = self.s3.create_multipart_upload(**self.at, ContentType="video/mp4")["UploadId"]

    def put(self, number: int, body: bytes) -> str:
        answer = self.s3.upload_part(**self.at, UploadId=self.id, PartNumber=number, Body=body)
        etag: str = answer["ETag"]
        return etag

    def complete(self, etags: dict[int, str]) -> Any:
        parts = [{"PartNumber": number, "ETag": etag} for number, etag in sorted(etags.items())]
        return self.s3.complete_multipart_upload(**self.at, UploadId=self.id, MultipartUpload={"Parts": parts})

    def body(self) -> bytes:
        data: bytes = self.s3.get_object(**self.at)["Body"].read()
        return data


@pytest.fixture
def spool(emulator_home: Path) -> Path:
    """Where parts wait."""
    (found,) = emulator_home.rglob("s3-parts")
    return found


def test_parts_become_one_object(emulator: Clients, spool: Path) -> None:
    """In the order of their numbers, whatever the order they came in; the ETag is the hash of the parts' hashes."""
    upload = Upload(emulator)
    etags = {number: upload.put(number, PARTS[number]) for number in (10, 2, 1)}
    assert len(list(spool.iterdir())) == 2
    assert upload.complete(etags)["ETag"] == f'"{ETAG}"'
    head = emulator.s3.head_object(**upload.at)
    assert (head["ContentLength"], head["ETag"], head["ContentType"]) == (len(WHOLE), f'"{ETAG}"', "video/mp4")
    assert upload.body() == WHOLE
    ranged = emulator.s3.get_object(**upload.at, Range=f"bytes={5 * MIB + 6}-{5 * MIB + 7}")["Body"].read()
    assert ranged == b"\x01\x02"
    assert list(spool.iterdir()) == []
    # A client that did not hear the answer asks again.
    assert upload.complete(etags)["ETag"] == f'"{ETAG}"'


def test_a_part_may_be_sent_again(emulator: Clients, spool: Path) -> None:
    """The last one counts, and the first leaves nothing behind; parts that are not named are left out."""
    upload = Upload(emulator)
    upload.put(1, PARTS[2])
    etags = {1: upload.put(1, PARTS[1])}
    upload.put(2, PARTS[2])
    assert len(list(spool.iterdir())) == 2
    upload.complete(etags)
    assert upload.body() == PARTS[1]
    assert list(spool.iterdir()) == []


def test_a_wrong_part_is_refused(emulator: Clients, spool: Path) -> None:
    """Nothing is made, the parts are kept, and another completion succeeds."""
    upload = Upload(emulator, key="wrong.mp4")
    etag = upload.put(1, PARTS[1])
    for wrong in ({1: '"0"'}, {1: etag, 2: etag}):
        with pytest.raises(ClientError, match="InvalidPart"):
            upload.complete(wrong)
    with pytest.raises(ClientError, match="404"):
        emulator.s3.head_object(**upload.at)
    assert len(list(spool.iterdir())) == 1
    upload.complete({1: etag})
    assert upload.body() == PARTS[1]


def test_an_upload_that_is_given_up_leaves_nothing(emulator: Clients, spool: Path) -> None:
    """Its parts go with it."""
    upload = Upload(emulator)
    upload.put(1, PARTS[1])
    emulator.s3.abort_multipart_upload(**upload.at, UploadId=upload.id)
    assert list(spool.iterdir()) == []


def test_versions_are_kept(emulator: Clients) -> None:
    """In a versioned bucket each completion is a version of its own."""
    emulator.s3.create_bucket(Bucket="sluice-versions")
    emulator.s3.put_bucket_versioning(Bucket="sluice-versions", VersioningConfiguration={"Status": "Enabled"})
    versions = []
    for number in (1, 2):
        upload = Upload(emulator, bucket="sluice-versions")
        versions.append(upload.complete({1: upload.put(1, PARTS[number])})["VersionId"])
    for number, version in enumerate(versions, 1):
        assert emulator.s3.get_object(**upload.at, VersionId=version)["Body"].read() == PARTS[number]
