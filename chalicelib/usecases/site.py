"""Sites: project archives of compositions, stored once under their own hash.

There is no record: the bucket says whether a site is there. S3 itself compares the bytes that are sent with the
checksum that their URL was signed for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.catalog.keys import project_key
from chalicelib.catalog.site import Site, checksum_of
from chalicelib.errors import ObjectMissing, SiteTooLarge

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.settings import Settings


def announce_site(site: Site, objects: Objects, settings: Settings) -> str | None:
    """The URL to PUT the archive to, with the header CHECKSUM_HEADER; None if it is there already.

    Raises:
        SiteTooLarge: If it is above `project_max_bytes`.
    """
    _refuse_too_large(site.size_bytes, settings)
    if find_site(site.sha256, objects, settings) is not None:
        return None
    return objects.presign_put(
        settings.source_bucket,
        project_key(site.sha256),
        expires_s=settings.presign_ttl_s,
        size_bytes=site.size_bytes,
        checksum_sha256=checksum_of(site.sha256),
    )


def find_site(sha256: str, objects: Objects, settings: Settings) -> Site | None:
    """The stored site; None if nothing is stored under its key, or bytes of another hash.

    Raises:
        SiteTooLarge: If what is stored is above `project_max_bytes`.
    """
    try:
        head = objects.head(settings.source_bucket, project_key(sha256))
    except ObjectMissing:
        return None
    # Whoever stored it by other means may have sent no checksum; the plan reads the bytes in any case.
    if head.checksum_sha256 not in ("", checksum_of(sha256)):
        return None
    _refuse_too_large(head.size_bytes, settings)
    return Site(sha256, head.size_bytes)


def _refuse_too_large(size_bytes: int, settings: Settings) -> None:
    limit = settings.project_max_bytes
    if size_bytes > limit:
        raise SiteTooLarge(
            f"a project archive may have at most {limit} bytes", size_bytes=size_bytes, limit_bytes=limit
        )
