"""The record of a source that is fetched from a URL: what a worker needs to begin, and the next one to go on.

It is an item of its own, because it holds the whole URL: the asset's record is shown, told and logged, this one never.
What has arrived is not in it: S3 knows the parts that it holds.

One worker at a time is at it: whoever has the lease. A lease is renewed while bytes come, so one that has run out was a
worker's that died, and the next message goes on with the parts that are stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field

LEASE_MS = 90_000
"""Longer than a server may be silent and S3 be tried again."""
RETRY_S = (2, 10, 30, 120, 300)
"""Waits between tries that brought nothing; there is one try more."""
KEPT_S = 30 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Fetch:
    """Attributes:
    attempt: Of the asset.
    lease: Of the worker that is at it.
    lease_until_ms: From when on another one may take it up.
    multipart_id: Where its parts are gathered.
    validator: Of the file that the parts are of, as `If-Range` takes it.
    size_bytes: Of that file, if its server says.
    failures: Tries since one brought anything that the next can go on with.
    """

    asset_id: str
    url: str = field(repr=False)
    attempt: int
    expires_at: int
    lease: str | None = None
    lease_until_ms: int = 0
    multipart_id: str | None = None
    validator: str | None = None
    size_bytes: int | None = None
    failures: int = 0


def wait_after(failures: int) -> int | None:
    """Seconds until the next try after so many that brought nothing; None if it was the last."""
    return RETRY_S[failures - 1] if failures <= len(RETRY_S) else None
