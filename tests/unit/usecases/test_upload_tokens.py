"""Tokens from making to the end of their time."""

from __future__ import annotations

import pytest

from chalicelib.errors import UploadTokenExpired, UploadTokenUnknown
from chalicelib.usecases.upload import NewUpload, open_upload
from chalicelib.usecases.upload_tokens import redeem_token, show_token, token_of_upload
from tests.unit.usecases.desk import Desk


def test_a_token_of_an_upload_lives_as_long_as_it() -> None:
    """Each time it is shown it is another text of the same record, until the upload's time is over."""
    desk = Desk()
    new = NewUpload("clip.mp4", "video/mp4", 5, expires_in_s=60)
    upload = open_upload(new, desk.objects, desk.table, desk.settings, now_ms=desk.clock())
    token = token_of_upload(upload, desk.table, now_ms=desk.clock())
    texts = {show_token(token, desk.table) for _ in range(3)}
    assert len(texts) == 3
    assert all(redeem_token(text, desk.table, now_ms=upload.expires_at_ms - 1) == token for text in texts)
    for text in texts:
        with pytest.raises(UploadTokenExpired):
            redeem_token(text, desk.table, now_ms=upload.expires_at_ms)
        with pytest.raises(UploadTokenUnknown):
            redeem_token(f"{text}x", desk.table, now_ms=desk.clock())
