"""Sending one file: a single presigned PUT, or the parts of an S3 multipart upload side by side.

Invariant: every byte of the file is sent under an upload that the API made before; a part that fails is sent again,
with a fresh URL if the old one has expired. An upload in parts that did not come to its end goes on where it was, when
the same file is uploaded again. Presigned URLs are never printed.
"""

from __future__ import annotations

import mimetypes
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx

from sluice.api_client import Api, ApiRefused, Json
from sluice.failure import Interrupted, OperatorError
from sluice.upload_notes import Begun, Note, note_name, noted, notes_folder

_PARALLEL_PARTS = 4
_ATTEMPTS = 5
_FIRST_PAUSE_S = 0.3
_BLOCK_BYTES = 256 * 1024
_TIMEOUT = httpx.Timeout(300, connect=10)

NO_HEADERS: Mapping[str, str] = {}

Progress = Callable[[int], None]


class UploadFailed(OperatorError):
    """The storage did not take the bytes."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Bytes [start, end) of a file."""

    path: Path
    start: int
    end: int

    def blocks(self, progress: Progress) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            file.seek(self.start)
            left = self.end - self.start
            while left:
                block = file.read(min(left, _BLOCK_BYTES))
                if not block:
                    raise UploadFailed(f"{self.path} became shorter while it was being sent")
                left -= len(block)
                yield block
                progress(len(block))


def send_file(api: Api, path: Path, *, asset: Json, progress: Progress) -> Json:
    """Upload a file and complete the upload.

    Args:
        asset: What the asset shall carry (`passthrough`, `meta`).
        progress: Called with the number of bytes just sent, or found to be there already; with a negative one when a
            part starts again.

    Returns:
        The completed upload; `asset_id` names its asset.

    Raises:
        UploadFailed: If the storage refuses.
        ApiRefused: If the API refuses.
        Interrupted: By Ctrl-C, when the same can be gone on with.
    """
    with noted(notes_folder(), note_name(api.base_url, path, asset)) as note:
        begun = note and note.begun()
        upload = begun and _still_open(api, begun.upload_id)
        if not (begun and upload):
            begun = None
            upload = _announced(api, path, asset)
            if note and upload.get("part_size"):
                note.begin(upload["id"])
        try:
            if upload.get("part_size"):
                parts = _send_parts(api, upload, path, progress, begun, note)
            else:
                _put(Slice(path, 0, path.stat().st_size), lambda _: str(upload["url"]), progress)
                parts = []
        except KeyboardInterrupt:
            if note and upload.get("part_size"):
                raise Interrupted(
                    f"interrupted; the same command goes on with it until {upload['expires_at']}"
                ) from None
            api.cancel_upload(upload["id"])
            raise
        try:
            return api.complete_upload(upload["id"], parts)
        except ApiRefused as error:
            # What the storage has is not what was noted: the next try begins anew.
            if note and error.status < 500:
                note.forget()
            raise


def _announced(api: Api, path: Path, asset: Json) -> Json:
    content_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    size = path.stat().st_size
    return api.create_upload(filename=path.name, size_bytes=size, content_type=content_type, asset=asset)


def _still_open(api: Api, upload_id: str) -> Json | None:
    try:
        upload = api.upload(upload_id)
    except ApiRefused as error:
        if error.status != httpx.codes.NOT_FOUND:
            raise
        return None
    return upload if upload["status"] == "waiting" else None


def send_archive(api: Api, site: Json, path: Path, progress: Progress) -> None:
    """Send a project archive to where its site says.

    Raises:
        UploadFailed: If the storage refuses.
    """
    upload = site["upload"]

    def url(attempt: int) -> str:
        if attempt == 0:
            return str(upload["url"])
        fresh = api.create_site(sha256=site["sha256"], size_bytes=site["size"])["upload"]
        # Stored meanwhile, by an attempt whose answer was lost: the same bytes may be put again.
        return str((fresh or upload)["url"])

    _put(Slice(path, 0, site["size"]), url, progress, headers=upload["headers"])


def _send_parts(
    api: Api, upload: Json, path: Path, progress: Progress, begun: Begun | None, note: Note | None
) -> list[Json]:
    part_size, size = upload["part_size"], path.stat().st_size
    count = -(-size // part_size)
    etags = dict(begun.etags) if begun else {}

    def slice_of(number: int) -> Slice:
        start = (number - 1) * part_size
        return Slice(path, start, min(start + part_size, size))

    def send(number: int) -> None:
        def url(_attempt: int) -> str:
            return str(api.upload_parts(upload["id"], first=number, count=1)[0]["url"])

        etags[number] = _put(slice_of(number), url, progress)
        if note:
            note.add(number, etags[number])

    for number in etags:
        progress(slice_of(number).end - slice_of(number).start)
    with ThreadPoolExecutor(_PARALLEL_PARTS) as threads:
        sending = [threads.submit(send, number) for number in range(1, count + 1) if number not in etags]
        try:
            for done in sending:
                done.result()
        finally:
            for waiting in sending:
                waiting.cancel()
    return [{"part_number": number, "etag": etags[number]} for number in range(1, count + 1)]


def _put(part: Slice, url: Callable[[int], str], progress: Progress, headers: Mapping[str, str] = NO_HEADERS) -> str:
    """Send one slice, again after a transport error, a 5xx or an expired URL; the etag that S3 gave it."""
    reason = ""
    for attempt in range(_ATTEMPTS):
        meter = _Meter(progress)
        try:
            answer = _put_once(part, url(attempt), meter.note, headers)
        except httpx.TransportError as error:
            reason = type(error).__name__
        else:
            if answer.is_success:
                return answer.headers["etag"].strip('"')
            reason = f"status {answer.status_code}"
            if answer.status_code < 500 and answer.status_code != httpx.codes.FORBIDDEN:
                break
        meter.take_back()
        time.sleep(_FIRST_PAUSE_S * 2**attempt)
    raise UploadFailed(f"the storage did not take {part.path.name} ({reason})")


def _put_once(part: Slice, url: str, progress: Progress, extra: Mapping[str, str]) -> httpx.Response:
    headers = {"Content-Length": str(part.end - part.start), **extra}
    return httpx.put(url, content=part.blocks(progress), headers=headers, timeout=_TIMEOUT, trust_env=False)


class _Meter:
    """What one attempt has reported, so that a failed one can be taken back."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._sent = 0

    def note(self, count: int) -> None:
        self._sent += count
        self._progress(count)

    def take_back(self) -> None:
        self._progress(-self._sent)
