from __future__ import annotations

import pytest

from sluice.origin import content_type, is_local_host


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1:8000", True),
        ("127.0.0.1", True),
        ("localhost:8000", True),
        ("LOCALHOST", True),
        ("[::1]:8000", True),
        ("[::1]", True),
        ("evil.example:8000", False),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example:8000", False),
        ("", False),
    ],
)
def test_local_hosts(host: str, local: bool) -> None:
    """Only names of this machine count, with or without a port."""
    assert is_local_host(host) is local


@pytest.mark.parametrize(
    ("path", "stored", "served"),
    [
        ("media/a/1.m4s", "video/mp4", "video/mp4"),
        ("media/a/1.m4s", "binary/octet-stream", "video/iso.segment"),
        ("media/a/index.m3u8", "", "application/vnd.apple.mpegurl"),
        ("media/a/manifest.mpd", "application/octet-stream", "application/dash+xml"),
        ("media/a/unknown", "", "application/octet-stream"),
    ],
)
def test_content_types(path: str, stored: str, served: str) -> None:
    """The writer's type wins; without one, the name decides."""
    assert content_type(path, stored) == served
