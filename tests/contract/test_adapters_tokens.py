"""What upload tokens rely on: counting in the table, over DynamoDB's API and its stand-in, and S3's own POST policy."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import httpx
import pytest

from chalicelib.aws.clients import Clients
from chalicelib.aws.objects import Objects
from chalicelib.aws.table import Table
from chalicelib.catalog.ids import UPLOAD_TOKEN_PREFIX, new_id
from chalicelib.catalog.options import AssetOptions, Encoder
from chalicelib.catalog.upload import UploadStatus
from chalicelib.catalog.upload_token import UploadToken
from chalicelib.media.timing import TimeRange
from tests.contract.conftest import BUCKET
from tests.unit.catalog.samples import NOW_MS, an_upload

TOKEN = UploadToken(
    id=new_id(UPLOAD_TOKEN_PREFIX, NOW_MS, bytes(10)),
    created_at_ms=NOW_MS,
    expires_at_ms=NOW_MS + 60_000,
    max_files=2,
    max_bytes=9,
    passthrough="p",
    meta={"a": [1]},
    options=AssetOptions(encoder=Encoder.LAMBDA),
    clip=TimeRange(Fraction(1, 2), None),
)


def test_a_token_is_found_by_its_secrets(table: Table) -> None:
    """By each of them, by its id alone for us, and by nothing else."""
    assert table.create_upload_token(TOKEN)
    assert not table.create_upload_token(replace(TOKEN, max_files=9))
    assert table.find_upload_token(TOKEN.id) == TOKEN
    assert table.find_upload_token(TOKEN.id, "aa") is None
    for sha256 in ("aa", "bb"):
        table.add_upload_secret(TOKEN, sha256)
    assert table.find_upload_token(TOKEN.id, "aa") == table.find_upload_token(TOKEN.id, "bb") == TOKEN
    assert table.find_upload_token(new_id(UPLOAD_TOKEN_PREFIX, NOW_MS + 1, bytes(10)), "aa") is None


def test_places_are_counted(table: Table) -> None:
    """As many as there are, and one more for each that is given back; none without a token."""
    table.create_upload_token(TOKEN)
    assert [table.take_place(TOKEN, f"up_{number}") for number in range(3)] == [True, True, False]
    found = table.find_upload_token(TOKEN.id)
    assert found == replace(TOKEN, files=2, upload_id="up_1")
    table.give_place_back(TOKEN.id)
    assert table.take_place(TOKEN, "up_3")
    unknown = replace(TOKEN, id=new_id(UPLOAD_TOKEN_PREFIX, NOW_MS + 1, bytes(10)))
    table.give_place_back(unknown.id)
    assert not table.take_place(unknown, "up_4")
    assert table.find_upload_token(unknown.id) is None


def test_an_upload_is_put_into_parts_once(table: Table) -> None:
    """The first multipart upload stays, and a closed upload gets none."""
    upload = an_upload(upload_token_id=TOKEN.id, max_bytes=9)
    table.create_upload(upload)
    assert table.get_upload(upload.id) == upload
    changed = table.put_into_parts(upload.id, "first", now_ms=NOW_MS + 1)
    assert changed == replace(upload, multipart_id="first", updated_at_ms=NOW_MS + 1)
    assert table.put_into_parts(upload.id, "second", now_ms=NOW_MS + 2) is None
    closed = an_upload(id="up_closed")
    table.create_upload(closed)
    table.end_upload(closed.id, UploadStatus.CANCELLED, now_ms=NOW_MS)
    assert table.put_into_parts(closed.id, "late", now_ms=NOW_MS + 1) is None


@pytest.mark.parametrize(
    ("changed", "data", "status"),
    [
        ({}, b"12345", 201),
        ({}, b"", 400),
        ({}, b"123456", 400),
        ({"key": "uploads/other"}, b"12345", 403),
        ({"Content-Type": "text/html"}, b"12345", 403),
    ],
)
def test_a_form_takes_what_its_policy_says(
    emulator: Clients, changed: dict[str, str], data: bytes, status: int
) -> None:
    """One key, one type, and a size between the two limits; S3 refuses anything else."""
    objects = Objects(emulator)
    objects.delete(BUCKET, "uploads/form")
    url, fields = objects.presign_post(
        BUCKET, "uploads/form", content_type="video/mp4", size_bytes=(1, 5), expires_s=60
    )
    with httpx.Client(trust_env=False) as http:
        answer = http.post(url, data={**fields, **changed}, files={"file": ("a.mp4", data)})
    assert answer.status_code == status, answer.text
    assert objects.exists(BUCKET, "uploads/form") is (status == 201)
    if status == 201:
        assert objects.head(BUCKET, "uploads/form").content_type == "video/mp4"
        assert objects.location(BUCKET, "uploads/form") == f"{url.rstrip('/')}/uploads/form"
