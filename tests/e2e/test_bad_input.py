"""Bad input gets a clear error, within seconds, and harms nothing else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.clips import clip, run_ffmpeg
from tests.e2e.conftest import LocalAws

CANARY = "the-host-has-been-read"


def _playlist(folder: Path) -> bytes:
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://{folder}/canary.ts\n#EXT-X-ENDLIST\n".encode()


def _concat(folder: Path) -> bytes:
    return f"ffconcat version 1.0\nfile {folder}/canary.ts\n".encode()


def _truncated(folder: Path) -> bytes:
    whole = clip(folder / "whole.mp4", seconds=3).read_bytes()
    return whole[: len(whole) // 2]


def _without_moov(folder: Path) -> bytes:
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x180:d=2", "-movflags", "-faststart", str(folder / "plain.mp4"))
    whole = (folder / "plain.mp4").read_bytes()
    return whole[: whole.rindex(b"moov") - 4]


def _encrypted(folder: Path) -> bytes:
    target = folder / "cenc.mp4"
    key = "0123456789abcdef0123456789abcdef"
    words = ["-f", "lavfi", "-i", "testsrc2=s=320x180:d=2", "-pix_fmt", "yuv420p", "-encryption_scheme", "cenc-aes-ctr"]
    run_ffmpeg(*words, "-encryption_key", key, "-encryption_kid", key, str(target))
    return target.read_bytes()


BAD: dict[str, tuple[Any, str]] = {
    "text": (lambda _: b"This is not a video.\n" * 40, "not-a-video"),
    "noise": (lambda _: os.urandom(50_000), "not-a-video"),
    "picture": (lambda _: b"\x89PNG\r\n\x1a\n" + os.urandom(900), "not-a-video"),
    "playlist": (_playlist, "playlist-not-allowed"),
    "concat script": (_concat, "playlist-not-allowed"),
    "truncated": (_truncated, "source-truncated"),
    "without its index": (_without_moov, "source-truncated"),
    "encrypted": (_encrypted, "encrypted-source"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_media_ends_errored_with_its_code(local_aws: LocalAws, tmp_path: Path, kind: str) -> None:
    """Whatever a file named .mp4 really is, its asset says so by a code of the table, and never by a leak."""
    make, code = BAD[kind]
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=d=1", "-metadata", f"service_name={CANARY}", str(tmp_path / "canary.ts"))
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(make(tmp_path))

    asset = local_aws.publish(bad)

    assert asset["status"] == "errored"
    assert [error["code"] for error in asset["errors"]] == [code], asset["errors"]
    assert CANARY not in str(asset)
    assert "X-Amz-" not in str(asset)


def test_an_empty_file_is_refused_before_it_is_sent(local_aws: LocalAws) -> None:
    """Size 0 is an invalid request: there is nothing to upload."""
    answer = local_aws.api("POST", "/v1/uploads", json={"filename": "a.mp4", "size": 0, "content_type": "video/mp4"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["pointer"] == "/size"


def test_a_file_above_the_limit_is_refused_before_it_is_sent(local_aws: LocalAws) -> None:
    """The announced size is checked first, and the answer says what the limit is."""
    request = {"filename": "a.mp4", "size": 10**13, "content_type": "video/mp4"}
    answer = local_aws.api("POST", "/v1/uploads", json=request)
    assert answer.status_code == 413
    assert answer.json()["code"] == "upload-too-large"


def test_good_work_goes_on_beside_bad(local_aws: LocalAws, tmp_path: Path) -> None:
    """After all of that, a good file is still published."""
    assert local_aws.publish(clip(tmp_path / "good.mp4", seconds=2))["status"] == "ready"
