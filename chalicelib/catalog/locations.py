"""Where a render reads and writes: S3 URIs from outside, checked, and the keys made of them.

Everything lies in the source bucket: projects under `projects/`, and what is made of them under `renders/`, which the
bucket forgets after seven days. A URI that leads anywhere else is refused, whoever sends it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from chalicelib.catalog.ids import ASSET_PREFIX
from chalicelib.catalog.keys import RENDERS_PREFIX
from chalicelib.errors import LocationNotAllowed

PROJECTS_PREFIX = "projects/"
_MAX_KEY_BYTES = 900
"""S3 allows 1024; what is made under a prefix needs some of it."""
_HASH_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Location:
    """A bucket, and a key or the beginning of one."""

    bucket: str
    key: str

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    def under(self, name: str) -> Location:
        return Location(self.bucket, f"{self.key}{name}")


def project_location(uri: str, bucket: str) -> Location:
    """Raises LocationNotAllowed unless it names an object under projects/."""
    return _object(uri, bucket, PROJECTS_PREFIX, "ProjectS3Uri")


def render_object(uri: str, bucket: str, field: str) -> Location:
    """Raises LocationNotAllowed, which names the field, unless it names an object under renders/."""
    return _object(uri, bucket, RENDERS_PREFIX, field)


def render_prefix(uri: str, bucket: str, field: str) -> Location:
    """A place for objects, ending in a slash. Raises LocationNotAllowed unless it lies under renders/."""
    location = _location(uri if uri.endswith("/") else f"{uri}/", bucket, RENDERS_PREFIX, field)
    if location.key == RENDERS_PREFIX:
        raise _refused(field, "must name a folder below renders/", uri)
    return location


def plan_location(prefix: Location, plan_hash: str) -> Location:
    return prefix.under(f"plan/{plan_hash}.json")


def audio_location(prefix: Location, sha256: str, extension: str) -> Location:
    return prefix.under(f"audio/{sha256[:_HASH_DIGITS]}{extension}")


def chunks_prefix(prefix: Location, plan_hash: str) -> Location:
    """The plan's hash is part of it, so chunks of two plans never meet."""
    return prefix.under(f"{plan_hash[:_HASH_DIGITS]}/")


def chunk_location(prefix: Location, index: int, extension: str) -> Location:
    return prefix.under(f"chunks/{index:05d}{extension}")


def output_location(prefix: Location, extension: str) -> Location:
    """Where the output goes when nobody says."""
    return prefix.under(f"output{extension}")


def receipt_location(chunk: Location) -> Location:
    return chunk.under(".json")


def _object(uri: str, bucket: str, prefix: str, field: str) -> Location:
    location = _location(uri, bucket, prefix, field)
    if location.key.endswith("/"):
        raise _refused(field, "must name an object", uri)
    return location


def _location(uri: str, bucket: str, prefix: str, field: str) -> Location:
    found = re.fullmatch(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/([^\s\x00-\x1f\\]+)", uri)
    if found is None or len(uri.encode()) > _MAX_KEY_BYTES or {"", ".", ".."} & set(found[2].rstrip("/").split("/")):
        raise _refused(field, "must look like s3://bucket/key", uri)
    if found[1] != bucket:
        raise _refused(field, f"must lie in this deployment's bucket {bucket}", uri)
    if not found[2].startswith(prefix) or found[2].startswith(f"{RENDERS_PREFIX}{ASSET_PREFIX}_"):
        raise _refused(field, f"must lie under {prefix}, and not among the plans of assets", uri)
    return Location(found[1], found[2])


def _refused(field: str, rule: str, uri: str) -> LocationNotAllowed:
    # A presigned URL may have been put there by mistake: its query stays out of the message.
    return LocationNotAllowed(f"{field} {rule}; got {uri.partition('?')[0][:200]!r}", field=field)
