"""Where the bytes of an asset come from when nobody uploads them: a URL that is fetched, or an object that is named.

A URL may carry a secret (a signature in its query), so it is stored apart from the asset (aws/fetches.py), and what the
asset shows of it has no query. Which hosts may be named is an allow-list of the deployment:

| entry                | allows                                       |
|----------------------|----------------------------------------------|
| `media.example.com`  | this host                                    |
| `*.example.com`      | every host below it, and not itself          |
| `*`                  | every host                                   |
| `http://` before one | the same by plain http too, on port 80       |

The list only narrows: whatever it says, no address of a private network is connected to (catalog/target.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from chalicelib.catalog.keys import RENDERS_PREFIX, asset_of_upload_key
from chalicelib.catalog.target import Target, UnfitTarget, parse_target
from chalicelib.errors import LocationNotAllowed, UrlNotAllowed

PLAIN = "http://"
_MOST_CHARACTERS = 255
_S3_URI = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/([^\x00-\x1f\x7f]{1,1024})")


@dataclass(frozen=True, slots=True)
class Origin:
    """One of the two. `url` is as it is shown, `s3` is the URI of an object that is not ours to delete."""

    url: str | None = None
    s3: str | None = None


@dataclass(frozen=True, slots=True)
class Hosts:
    """Attributes:
    allowed: The entries, in lower case.
    loopback: Whether this very machine may be named, by http too: on the local AWS.
    """

    allowed: tuple[str, ...]
    loopback: bool = False

    def target(self, url: str) -> Target:
        """Where to connect for a URL.

        Raises:
            UrlNotAllowed: If nothing may be fetched from there. The message holds the host at most.
        """
        try:
            target = parse_target(
                url, loopback=self.loopback, plain=any(each.startswith(PLAIN) for each in self.allowed)
            )
        except UnfitTarget as error:
            raise UrlNotAllowed(f"the URL cannot be fetched: {error}") from error
        if not any(_covers(entry, target, loopback=self.loopback) for entry in self.allowed):
            raise UrlNotAllowed(f"this deployment fetches nothing from {target.scheme}://{target.host}")
        return target


def _covers(entry: str, target: Target, *, loopback: bool) -> bool:
    """Plain http to this very machine needs no entry of its own: `parse_target` let it pass for that reason alone."""
    host = target.host.rstrip(".")
    at_home = loopback and (host == "localhost" or host.startswith("127.") or host == "::1")
    if target.scheme == "http" and not entry.startswith(PLAIN) and not at_home:
        return False
    pattern = entry.removeprefix(PLAIN)
    return pattern in ("*", host) or (pattern.startswith("*.") and host.endswith(pattern[1:]))


def shown_url(url: str) -> str:
    """The URL without its query, credentials and fragment: what of it may be shown, stored with the asset and told."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def filename_of(path: str) -> str | None:
    """The last name of a URL's path or a key, for people; None if there is none fit to show."""
    name = unquote(path.partition("?")[0].rpartition("/")[2])
    shown = "".join(character for character in name if character.isprintable()).strip()
    return shown[:_MOST_CHARACTERS] or None


def named_object(uri: str, buckets: Sequence[str]) -> tuple[str, str]:
    """The bucket and the key of an S3 URI.

    Args:
        buckets: That may be named; the first is the deployment's own.

    Raises:
        LocationNotAllowed: If it is none, or names another bucket, or what is ours in our own.
    """
    found = _S3_URI.fullmatch(uri)
    if found is None:
        raise LocationNotAllowed("input/s3 must look like s3://bucket/key")
    bucket, key = found[1], found[2]
    if bucket not in buckets:
        raise LocationNotAllowed(f"input/s3: {bucket} is not a bucket that this deployment reads")
    if bucket == buckets[0] and (key.startswith(RENDERS_PREFIX) or asset_of_upload_key(key) is not None):
        raise LocationNotAllowed("input/s3 names an object of ours; name an asset as input/asset")
    return bucket, key
