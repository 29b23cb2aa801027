"""What the code relies on in the object store, over S3's API and over its stand-in."""

from __future__ import annotations

import base64
import hashlib
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.aws import large
from chalicelib.aws.clients import Clients
from chalicelib.aws.objects import Objects
from chalicelib.catalog.site import CHECKSUM_HEADER
from chalicelib.errors import (
    AwsRefused,
    ObjectMissing,
    SourceArchived,
    SourceChanged,
    StorageUnavailable,
    UploadIncomplete,
    UploadNotOpen,
)
from chalicelib.usecases.source_state import SourceState, source_state
from tests.contract.conftest import BUCKET

MIB = 1024**2
DATA = bytes(range(256)) * 4096


def test_what_is_written_is_read(objects: Objects, tmp_path: Path) -> None:
    """Bytes and files come back, with their type, size and etag."""
    file = tmp_path / "a.mp4"
    file.write_bytes(DATA)
    for body in (DATA, file):
        etag = objects.write(BUCKET, "a/b ü.mp4", body, content_type="video/mp4", cache_control="max-age=9")
        head = objects.head(BUCKET, "a/b ü.mp4")
        assert (head.size_bytes, head.etag, head.content_type) == (len(DATA), etag, "video/mp4")
        assert '"' not in etag
        assert objects.read(BUCKET, "a/b ü.mp4") == DATA
    assert objects.exists(BUCKET, "a/b ü.mp4")


def test_what_is_not_there_is_missing(objects: Objects) -> None:
    """Each way of reading says so in the same words."""
    assert not objects.exists(BUCKET, "none")
    for read in (
        lambda: objects.head(BUCKET, "none"),
        lambda: objects.read(BUCKET, "none"),
        lambda: objects.read_range(BUCKET, "none", 0, 1),
    ):
        with pytest.raises(ObjectMissing):
            read()
    objects.delete(BUCKET, "none")


def test_ranges_are_exact_and_of_one_etag(objects: Objects) -> None:
    """[start, end) and not a byte more; another etag or a shorter object is a changed source."""
    etag = objects.write(BUCKET, "a", DATA, content_type="video/mp4")
    assert objects.read_range(BUCKET, "a", 255, 258, etag=etag) == b"\xff\x00\x01"
    assert objects.read_range(BUCKET, "a", 7, 7) == b""
    with pytest.raises(SourceChanged):
        objects.read_range(BUCKET, "a", 0, 1, etag="0" * 32)
    with pytest.raises(SourceChanged):
        objects.read_range(BUCKET, "a", len(DATA) - 1, len(DATA) + 1, etag=etag)


def test_a_reader_reads_the_object(objects: Objects) -> None:
    """The file-like view gives the object's bytes at any place."""
    etag = objects.write(BUCKET, "a", DATA, content_type="video/mp4")
    reader = objects.reader(BUCKET, "a", len(DATA), etag=etag)
    reader.seek(-3, 2)
    assert reader.read(9) == DATA[-3:]
    reader.seek(1000)
    assert reader.read(9) == DATA[1000:1009]


def test_a_download_is_whole_and_of_one_etag(objects: Objects, tmp_path: Path) -> None:
    """Several ranges make the same file; another etag makes none that could be mistaken for it."""
    data = DATA * 35
    etag = objects.write(BUCKET, "a", data, content_type="video/mp4")
    objects.download(BUCKET, "a", tmp_path / "a", size_bytes=len(data), etag=etag)
    assert (tmp_path / "a").read_bytes() == data
    with pytest.raises(SourceChanged):
        objects.download(BUCKET, "a", tmp_path / "b", size_bytes=len(data), etag="0" * 32)


def test_a_prefix_is_deleted_alone(objects: Objects) -> None:
    """Only keys below the folder go, and their number is told."""
    for key in ("p/1", "p/2/3", "p4", "q/1"):
        objects.write(BUCKET, key, b"x", content_type="text/plain")
    assert list(objects.list_keys(BUCKET, "p")) == ["p/1", "p/2/3", "p4"]
    assert objects.delete_prefix(BUCKET, "p/") == 2
    assert objects.delete_prefix(BUCKET, "p/") == 0
    assert list(objects.list_keys(BUCKET, "")) == ["p4", "q/1"]
    with pytest.raises(ValueError, match="slash"):
        objects.delete_prefix(BUCKET, "p")


def test_an_aborted_multipart_is_gone(objects: Objects) -> None:
    """Nothing of it can be listed, completed or added to, and aborting again is fine."""
    multipart_id = objects.create_multipart(BUCKET, "m", content_type="video/mp4")
    assert objects.list_parts(BUCKET, "m", multipart_id) == ()
    assert [found.multipart_id for found in objects.stale_multiparts(BUCKET, "m", older_than_ms=1 << 42)] == [
        multipart_id
    ]
    assert list(objects.stale_multiparts(BUCKET, "m", older_than_ms=0)) == []
    for _ in range(2):
        objects.abort_multipart(BUCKET, "m", multipart_id)
    assert objects.list_parts(BUCKET, "m", multipart_id) is None
    assert not objects.complete_multipart(BUCKET, "m", multipart_id, [(1, "0" * 32)])
    with pytest.raises(UploadNotOpen):
        objects.put_part(BUCKET, "m", multipart_id, 1, b"late")


def test_a_stream_is_stored_part_by_part(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    """However it is cut, in parts no larger than told; and what breaks off leaves nothing."""
    monkeypatch.setattr(large, "STREAM_PART_BYTES", 5 * 1024**2)
    data = DATA * (12 * 1024**2 // len(DATA) + 1)
    cuts = (data[at : at + 700_001] for at in range(0, len(data), 700_001))
    objects.write_stream(BUCKET, "s", cuts, size_bytes=len(data), content_type="video/mp4", cache_control="no-store")
    assert objects.read(BUCKET, "s") == data
    assert objects.head(BUCKET, "s").content_type == "video/mp4"

    def breaks() -> Iterator[bytes]:
        yield data
        raise ObjectMissing("a piece is gone")

    with pytest.raises(ObjectMissing):
        objects.write_stream(BUCKET, "broken", breaks(), size_bytes=1 << 30, content_type="video/mp4")
    assert not objects.exists(BUCKET, "broken")
    assert list(objects.stale_multiparts(BUCKET, "broken", older_than_ms=1 << 42)) == []


@pytest.mark.parametrize("part_bytes", [1 << 30, 5 * 1024**2])
def test_a_copy_is_of_one_etag(objects: Objects, monkeypatch: pytest.MonkeyPatch, part_bytes: int) -> None:
    """In one request or in parts the same bytes; another etag or no object is refused, and nothing is left."""
    monkeypatch.setattr(large, "COPY_PART_BYTES", part_bytes)
    data = DATA * (11 * 1024**2 // len(DATA) + 1)
    etag = objects.write(BUCKET, "original", data, content_type="video/mp4")
    named = {"size_bytes": len(data), "content_type": "video/webm"}
    objects.copy((BUCKET, "original"), BUCKET, "copy", etag=etag, **named)  # type: ignore[arg-type]
    assert objects.read(BUCKET, "copy") == data
    assert objects.head(BUCKET, "copy").content_type == "video/webm"
    with pytest.raises(SourceChanged):
        objects.copy((BUCKET, "original"), BUCKET, "other", etag="0" * 32, **named)  # type: ignore[arg-type]
    with pytest.raises(ObjectMissing):
        objects.copy((BUCKET, "nothing"), BUCKET, "other", etag=etag, **named)  # type: ignore[arg-type]
    assert not objects.exists(BUCKET, "other")


def _send(url: str, data: bytes, **headers: str) -> int:
    request = urllib.request.Request(url, data=data, method="PUT", headers=headers)  # noqa: S310
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        return int(answer.status)


def test_presigned_urls_take_a_plain_put(emulator: Clients) -> None:
    """A PUT with no header of ours is stored, whatever content type it brings."""
    objects = Objects(emulator)
    url = objects.presign_put(BUCKET, "put", expires_s=60)
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in url
    assert "checksum" not in url.lower()
    for content_type in ("video/mp4", "application/octet-stream"):
        assert _send(url, DATA, **{"Content-Type": content_type}) == 200
    assert objects.read(BUCKET, "put") == DATA
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
        objects.presign_get(BUCKET, "put", expires_s=60, download_name='Übung "1".mp4'), timeout=30
    ) as answer:
        assert answer.read() == DATA
        assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''%C3%9Cbung%20%221%22.mp4"


def test_a_presigned_size_is_kept(emulator: Clients) -> None:
    """A URL made for so many bytes takes exactly so many."""
    objects = Objects(emulator)
    url = objects.presign_put(BUCKET, "sized", expires_s=60, size_bytes=5)
    assert _send(url, b"hello") == 200
    with pytest.raises(OSError, match="403"):
        _send(url, b"hello!")


def test_parts_sent_to_presigned_urls_make_the_object(emulator: Clients) -> None:
    """What was PUT part by part is joined in order; a list that is not true is refused."""
    objects = Objects(emulator)
    bodies = [b"a" * (5 * MIB), b"b" * 100]
    multipart_id = objects.create_multipart(BUCKET, "parts", content_type="video/mp4")
    for number, body in enumerate(bodies, 1):
        assert _send(objects.presign_part(BUCKET, "parts", multipart_id, number, expires_s=60), body) == 200
    stored = objects.list_parts(BUCKET, "parts", multipart_id)
    assert stored is not None
    assert [(part.number, part.size_bytes) for part in stored] == [(1, 5 * MIB), (2, 100)]
    with pytest.raises(UploadIncomplete):
        objects.complete_multipart(BUCKET, "parts", multipart_id, [(1, "0" * 32)])
    assert objects.complete_multipart(BUCKET, "parts", multipart_id, [(part.number, part.etag) for part in stored])
    head = objects.head(BUCKET, "parts")
    assert (head.size_bytes, head.content_type) == (5 * MIB + 100, "video/mp4")
    assert objects.read_range(BUCKET, "parts", 5 * MIB - 1, 5 * MIB + 1, etag=head.etag) == b"ab"


def test_a_refusal_is_no_outage(emulator: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bucket that is not there is a fault of ours; a host that is not there may come back."""
    with pytest.raises(AwsRefused):
        Objects(emulator).write("sluice-contract-none", "a", b"", content_type="text/plain")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(StorageUnavailable):
        Objects(Clients()).head(BUCKET, "a")


def test_a_presigned_checksum_is_kept(emulator: Clients) -> None:
    """A URL made for a checksum takes the bytes that have it and no others, and the object tells it afterwards."""
    objects = Objects(emulator)
    checksum = base64.b64encode(hashlib.sha256(b"hello").digest()).decode()
    url = objects.presign_put(BUCKET, "summed", expires_s=60, size_bytes=5, checksum_sha256=checksum)
    assert CHECKSUM_HEADER in url
    for body, header in ((b"hellO", {CHECKSUM_HEADER: checksum}), (b"hello", {})):
        with pytest.raises(OSError, match=r"40[03]"):
            _send(url, body, **header)
    assert _send(url, b"hello", **{CHECKSUM_HEADER: checksum}) == 200
    assert objects.head(BUCKET, "summed").checksum_sha256 == checksum
    objects.write(BUCKET, "plain", b"hello", content_type="text/plain")
    assert objects.head(BUCKET, "plain").checksum_sha256 == ""


def test_a_presigned_get_names_a_file(emulator: Clients) -> None:
    """A browser that follows the URL saves the object under the name."""
    objects = Objects(emulator)
    objects.write(BUCKET, "renders/a", DATA, content_type="video/mp4")
    url = objects.presign_get(BUCKET, "renders/a", expires_s=60, download_name="rn_1.mp4")
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=30) as answer:
        assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''rn_1.mp4"
        assert answer.read() == DATA


def test_tags_are_added_to_those_that_are_there(emulator: Clients) -> None:
    """The customer's own tags stay; the same tag again is replaced."""
    objects = Objects(emulator)
    objects.write(BUCKET, "tagged", b"x", content_type="video/mp4")
    emulator.s3.put_object_tagging(Bucket=BUCKET, Key="tagged", Tagging={"TagSet": [{"Key": "mine", "Value": "1"}]})
    for storage_class in ("GLACIER", "DEEP_ARCHIVE"):
        objects.add_tags(BUCKET, "tagged", {"guid": "as_1", "stack": storage_class})
    found = emulator.s3.get_object_tagging(Bucket=BUCKET, Key="tagged")["TagSet"]
    expected = {"mine": "1", "guid": "as_1", "stack": "DEEP_ARCHIVE"}
    assert {tag["Key"]: tag["Value"] for tag in found} == expected
    with pytest.raises(ObjectMissing):
        objects.add_tags(BUCKET, "none", {"guid": "as_1"})


def test_an_archived_object_is_restored(emulator: Clients) -> None:
    """It cannot be read until it is back; asking twice is fine; what is not archived has nothing to restore."""
    objects = Objects(emulator)
    emulator.s3.put_object(Bucket=BUCKET, Key="cold", Body=b"film", StorageClass="GLACIER")
    objects.write(BUCKET, "warm", b"film", content_type="video/mp4")
    assert source_state(objects.storage(BUCKET, "cold")) is SourceState.ARCHIVED
    with pytest.raises(SourceArchived):
        objects.read_range(BUCKET, "cold", 0, 1)
    for _ in range(2):
        assert objects.restore(BUCKET, "cold", days=1, tier="Standard")
    assert source_state(objects.storage(BUCKET, "cold")) is SourceState.RESTORING
    assert not objects.restore(BUCKET, "warm", days=1, tier="Standard")
    assert source_state(objects.storage(BUCKET, "warm")) is SourceState.AVAILABLE
    until = time.monotonic() + 30
    while source_state(objects.storage(BUCKET, "cold")) is SourceState.RESTORING:
        assert time.monotonic() < until
        time.sleep(0.1)
    assert objects.read_range(BUCKET, "cold", 0, 4) == b"film"
