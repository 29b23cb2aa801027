"""What the routes of Companion cannot show: calls that race, and workers that die in between."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.catalog.upload import Upload
from chalicelib.catalog.upload_token import UploadToken
from chalicelib.errors import UploadNotOpen, UploadTokenSpent
from chalicelib.usecases.companion import BrowserFile, find_upload, open_form, open_parts, stored_parts
from chalicelib.usecases.upload import NewUpload, open_upload
from chalicelib.usecases.upload_tokens import token_id, token_of_upload
from tests.unit.usecases.desk import Desk

FILE = BrowserFile("clip.mp4", "video/mp4", {})


@pytest.fixture
def desk() -> Desk:
    return Desk()


def _token(desk: Desk) -> UploadToken:
    now_ms = desk.clock()
    token = UploadToken(id=token_id(now_ms), created_at_ms=now_ms, expires_at_ms=now_ms + 60_000, max_files=1)
    desk.table.create_upload_token(token)
    return token


def _open(desk: Desk, token: UploadToken) -> Upload:
    return open_parts(FILE, token, desk.objects, desk.table, desk.settings, now_ms=desk.clock())


def _announced(desk: Desk) -> tuple[Upload, UploadToken]:
    new = NewUpload("clip.mp4", "video/mp4", 5)
    upload = open_upload(new, desk.objects, desk.table, desk.settings, now_ms=desk.clock())
    return upload, token_of_upload(upload, desk.table, now_ms=desk.clock())


def test_a_place_whose_upload_was_never_made_is_lost(desk: Desk) -> None:
    """Whoever died after counting leaves a token that is spent, and nothing half-made."""
    token = _token(desk)
    assert desk.table.take_place(token, "up_never")
    with pytest.raises(UploadTokenSpent):
        _open(desk, replace(token, files=1, upload_id="up_never"))


def test_two_at_once_get_one_multipart_upload(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that comes second drops what it has opened, and answers with the first's."""
    upload, token = _announced(desk)
    before = desk.table.get_upload(upload.id)
    first = _open(desk, token)
    with monkeypatch.context() as patched:
        seen = iter((before, first))
        patched.setattr(desk.table, "get_upload", lambda _id: next(seen))
        assert _open(desk, token) == first
    assert set(desk.objects.multiparts) == {first.multipart_id}


def test_parts_that_are_one_object_are_listed_as_many(desk: Desk) -> None:
    """Joined in S3, but the record not closed: the number comes from the etag, so Uppy asks to complete again."""
    upload = _open(desk, _token(desk))
    assert upload.multipart_id is not None
    desk.objects.multiparts[upload.multipart_id].parts = {1: b"12", 2: b"3"}
    stored = desk.objects.list_parts(upload.bucket, upload.key, upload.multipart_id) or ()
    desk.objects.complete_multipart(
        upload.bucket, upload.key, upload.multipart_id, [(part.number, part.etag) for part in stored]
    )
    head = desk.objects.head(upload.bucket, upload.key)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(desk.objects, "head", lambda *_: replace(head, etag="abc-2"))
        listed = stored_parts(upload, desk.objects)
    assert [(part.number, part.etag, part.size_bytes) for part in listed] == [(1, "abc-2", 2), (2, "abc-2", 2)]


def test_a_form_is_no_upload_in_parts(desk: Desk) -> None:
    """Its parts can be neither listed nor signed."""
    token = _token(desk)
    _, fields = open_form(FILE, token, desk.objects, desk.table, desk.settings, now_ms=desk.clock())
    opened = desk.table.find_upload_token(token.id)
    assert opened is not None
    assert opened.upload_id is not None
    upload = find_upload(opened.upload_id, fields["key"], token, desk.table)
    with pytest.raises(UploadNotOpen):
        stored_parts(upload, desk.objects)
