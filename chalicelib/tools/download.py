"""One GET of a file on a stranger's server, from its beginning or from where an earlier one ended.

Each hop of a redirect is checked as the first URL was: by the deployment's allow-list, and its address by `pinned.py`.
What the server says of the file is not believed, but for three things: its length, which is held against what comes;
its validator (RFC 9110, 8.8: a strong ETag, else Last-Modified), which makes it give the rest of the very same file or
all of the new one (If-Range); and which bytes it sends (Content-Range).

No message holds a URL: its query may be a secret.
"""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from urllib3.exceptions import HTTPError

from chalicelib.catalog.origin import Hosts
from chalicelib.errors import SourceGone, SourceRefused, SourceUnreachable, UrlNotAllowed
from chalicelib.tools.pinned import CONNECT_TIMEOUT_S, NoConnection, Resolve, connected, resolve

if TYPE_CHECKING:
    from urllib3.connection import HTTPConnection
    from urllib3.response import BaseHTTPResponse

    from chalicelib.catalog.target import Target

MAX_REDIRECTS = 4
SILENCE_S = 20.0
"""How long a server may send nothing."""
BLOCK_BYTES = 256 * 1024

_GONE = frozenset({404, 410})
_TRY_LATER = frozenset({408, 425, 429})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PARTIAL, _UNSATISFIABLE = 206, 416
_RANGE = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18})")
_AWAY = frozenset({"address-refused"})


@dataclass(frozen=True, slots=True)
class Answer:
    """A file that is being sent.

    Attributes:
        start: The first byte that `blocks` yields; nought if it is another file than before.
        size_bytes: Of the whole file; None if the server does not say.
        validator: For the next time; None if there is none, and then the file can only be fetched in one go.
    """

    start: int
    size_bytes: int | None
    validator: str | None
    blocks: Iterator[bytes]


class Download:
    """Attributes:
    hosts: That may be asked.
    ca_file: Certificates to trust instead of the system's.
    """

    def __init__(self, hosts: Hosts, *, ca_file: str | None = None, resolve: Resolve = resolve) -> None:
        self._hosts = hosts
        self._ca_file = ca_file
        self._resolve = resolve

    def check(self, url: str) -> None:
        """Look at the URL alone. Raises UrlNotAllowed."""
        self._hosts.target(url)

    @contextmanager
    def open(self, url: str, *, start: int = 0, validator: str | None = None) -> Iterator[Answer]:
        """Ask for the file from byte `start` on, if it still is the one of the validator, else for all of it.

        Raises:
            UrlNotAllowed: If the URL, or one it redirects to, is none that may be fetched.
            SourceGone: If the server has no such file.
            SourceRefused: If it does not give it.
            SourceUnreachable: If it does not answer, or breaks off: another try may do better.
        """
        asked = start if validator is not None else 0
        for _ in range(MAX_REDIRECTS + 2):
            target = self._hosts.target(url)
            with self._asked(target, asked, validator) as answer:
                if answer.status in _REDIRECTS:
                    url = urljoin(url, answer.headers.get("Location", ""))
                    continue
                found = _read_head(answer, asked, validator)
                if found is not None:
                    yield found
                    return
                asked = 0  # another file by now, or a server that counts otherwise
        raise SourceRefused("the server redirects too often")

    @contextmanager
    def _asked(self, target: Target, start: int, validator: str | None) -> Iterator[BaseHTTPResponse]:
        deadline = time.monotonic() + CONNECT_TIMEOUT_S
        try:
            with connected(
                target, resolve=self._resolve, loopback=self._hosts.loopback, ca_file=self._ca_file, deadline=deadline
            ) as connection:
                yield _get(connection, target, start, validator)
        except NoConnection as error:
            if error.word in _AWAY:
                raise UrlNotAllowed(f"{target.host} has an address that is not on the public internet") from error
            raise SourceUnreachable(f"{target.host} cannot be reached ({error.word})") from error


def _get(connection: HTTPConnection, target: Target, start: int, validator: str | None) -> BaseHTTPResponse:
    if connection.sock is not None:
        connection.sock.settimeout(SILENCE_S)
    headers = {"Host": target.authority, "Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close"}
    headers["User-Agent"] = "Sluice"
    if start and validator is not None:
        headers |= {"Range": f"bytes={start}-", "If-Range": validator}
    try:
        connection.request("GET", target.path, headers=headers, preload_content=False)
        return connection.getresponse()
    except (HTTPError, http.client.HTTPException, OSError, ValueError) as error:
        raise SourceUnreachable(f"{target.host} did not answer") from error


def _read_head(answer: BaseHTTPResponse, asked: int, validator: str | None) -> Answer | None:
    """What is being sent; None if the file has to be asked for anew, from its beginning."""
    status = answer.status
    if status in _GONE:
        raise SourceGone(f"the server has no such file (status {status})")
    if status >= 500 or status in _TRY_LATER:
        raise SourceUnreachable(f"the server answered with status {status}")
    if asked and status == _UNSATISFIABLE:
        return None
    if status not in (200, _PARTIAL) or (status == _PARTIAL and not asked):
        raise SourceRefused(f"the server answered with status {status}")
    if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise SourceRefused("the server sends the file encoded, which nobody asked for")
    known_as = _validator(answer)
    if status == _PARTIAL:
        found = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if found is None or int(found[1]) != asked or known_as not in (None, validator):
            return None
        return Answer(asked, int(found[2]), validator, _blocks(answer))
    length = answer.headers.get("Content-Length", "")
    size_bytes = int(length) if length.isascii() and length.isdecimal() and len(length) <= 18 else None
    return Answer(0, size_bytes, known_as, _blocks(answer))


def _validator(answer: BaseHTTPResponse) -> str | None:
    """A weak ETag is none: what it stands for may differ in its bytes."""
    etag = answer.headers.get("ETag", "")
    if re.fullmatch(r'"[\x21\x23-\x7e]{0,500}"', etag):
        return etag
    modified = answer.headers.get("Last-Modified", "")
    return modified if re.fullmatch(r"[A-Za-z0-9 ,:+-]{1,64}", modified) and not etag else None


def _blocks(answer: BaseHTTPResponse) -> Iterator[bytes]:
    """The body, as it comes. Raises SourceUnreachable if it breaks off."""
    try:
        yield from answer.stream(BLOCK_BYTES, decode_content=False)
    except (HTTPError, http.client.HTTPException, OSError, ValueError) as error:
        raise SourceUnreachable("the server broke off") from error
