"""Where URLs lead that take uploads."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from chalicelib.aws.clients import Clients
from chalicelib.aws.objects import Objects


@pytest.mark.parametrize(("accelerates", "endpoint"), [(True, "s3-accelerate"), (False, "s3.eu-west-1")])
def test_only_uploads_are_accelerated(monkeypatch: pytest.MonkeyPatch, accelerates: bool, endpoint: str) -> None:
    """PUTs, parts and forms lead through S3's edge if it is on; what is fetched comes from the bucket itself."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name, value in (("DEFAULT_REGION", "eu-west-1"), ("ACCESS_KEY_ID", "x"), ("SECRET_ACCESS_KEY", "x")):
        monkeypatch.setenv(f"AWS_{name}", value)
    objects = Objects(Clients(), accelerates=accelerates)
    form, _fields = objects.presign_post("a-bucket", "k", content_type="video/mp4", size_bytes=(1, 2), expires_s=60)
    sent = [
        objects.presign_put("a-bucket", "k", expires_s=60),
        objects.presign_part("a-bucket", "k", "id", 1, expires_s=60),
        form,
    ]
    assert {urlsplit(url).hostname for url in sent} == {f"a-bucket.{endpoint}.amazonaws.com"}
    assert (
        urlsplit(objects.presign_get("a-bucket", "k", expires_s=60)).hostname == "a-bucket.s3.eu-west-1.amazonaws.com"
    )
