"""The site: a composition's project archive, named by its own content.

Its id holds the SHA-256 of the archive, and so does its key. So the same project is stored once however often it is
announced, and no record is needed: whether a site is there is for the bucket to say.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

SITE_PREFIX = "st"
CHECKSUM_HEADER = "x-amz-checksum-sha256"

_SHAPE = re.compile(rf"{SITE_PREFIX}_(?P<sha256>[0-9a-f]{{64}})")


@dataclass(frozen=True, slots=True)
class Site:
    """A stored archive. `sha256` in hex."""

    sha256: str
    size_bytes: int


def site_id(sha256: str) -> str:
    return f"{SITE_PREFIX}_{sha256}"


def sha256_of_site(text: str) -> str | None:
    """The hash inside a site's id, or None if it is no such id."""
    found = _SHAPE.fullmatch(text)
    return found["sha256"] if found else None


def checksum_of(sha256: str) -> str:
    """The hash in base 64, as S3 writes it."""
    return base64.b64encode(bytes.fromhex(sha256)).decode()
