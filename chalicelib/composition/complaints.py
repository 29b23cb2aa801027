"""What a page did wrong that does not stop its render: told with the plan, because its author sees no console.

Messages name files as the project does; what follows a `?` in an address stays out, for it may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from chalicelib.composition.serving import HOST, ORIGIN

MAX_COMPLAINTS = 10
_MAX_CHARACTERS = 300
# Where in a script it was, `:3:7`, is no part of it.
_QUERY = re.compile(r"(\b[a-z]+://[^\s?#\"'<>)]*)[?#][^\s\"'<>)]*?(?=(?::\d+){0,2}(?:[\s\"'<>)]|$))")


@dataclass(frozen=True, slots=True)
class Complaint:
    """`code` is "page-error", "file-missing", "network-refused" or "not-followed"."""

    code: str
    message: str


def complaints_of(said: Iterable[str], refused: Iterable[str], unfollowed: Iterable[str] = ()) -> tuple[Complaint, ...]:
    """Each once, scripts' errors first, at most MAX_COMPLAINTS.

    Args:
        said: Errors of the page's scripts, as Chromium tells them.
        refused: URLs that the page asked for and did not get.
        unfollowed: What is shown otherwise than it should be, because nothing reaches it.
    """
    told = [
        Complaint("page-error", " ".join(text.replace(f"{ORIGIN}/", "").split())[:_MAX_CHARACTERS]) for text in said
    ]
    told += [_refusal(url) for url in refused]
    told += [Complaint("not-followed", text[:_MAX_CHARACTERS]) for text in unfollowed]
    return tuple(dict.fromkeys(told))[:MAX_COMPLAINTS]


def without_queries(text: str) -> str:
    """What a page says, with its addresses cut at the `?`."""
    return _QUERY.sub(r"\1", text)


def _refusal(url: str) -> Complaint:
    plain = url.partition("?")[0].partition("#")[0]
    if urlsplit(plain).netloc == HOST:
        return Complaint("file-missing", f"{plain.removeprefix(ORIGIN).lstrip('/')} is not in the project")
    return Complaint("network-refused", f"{plain[:_MAX_CHARACTERS]} was not fetched: put it into the project")
