"""Sites: project archives of compositions, stored once under their own hash.

There is no record: the bucket says whether a site is there. S3 itself compares the bytes that are sent with the
checksum that their URL was signed for.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from chalicelib.catalog.keys import PROJECTS_PREFIX, project_key, sha256_of_project_key
from chalicelib.catalog.render import UNFINISHED
from chalicelib.catalog.site import Site, checksum_of, site_id
from chalicelib.errors import ObjectMissing, SiteInUse, SiteNotFound, SiteTooLarge

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.aws.table import Table
    from chalicelib.settings import Settings

_PAGE = 100


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


def list_sites(objects: Objects, settings: Settings, *, limit: int, after_sha256: str | None) -> list[Site]:
    """Up to `limit` stored sites in the order of their hashes, those behind `after_sha256`."""
    after = project_key(after_sha256) if after_sha256 else ""
    listed = objects.list_sizes(settings.source_bucket, PROJECTS_PREFIX, after=after)
    named = ((sha256_of_project_key(key), size_bytes) for key, size_bytes in listed)
    return list(islice((Site(sha256, size_bytes) for sha256, size_bytes in named if sha256), limit))


def get_site(sha256: str, objects: Objects, settings: Settings) -> Site:
    """Raises SiteNotFound if it is not stored."""
    site = find_site(sha256, objects, settings)
    if site is None:
        raise SiteNotFound("no project archive is stored for this site", site_id=site_id(sha256))
    return site


def delete_site(sha256: str, objects: Objects, table: Table, settings: Settings) -> None:
    """Forget the archive. What was rendered from it stays; to render from it again, it is announced and sent again.

    Raises:
        SiteNotFound: If it is not stored.
        SiteInUse: If a render that has not ended needs it.
    """
    get_site(sha256, objects, settings)
    for status in sorted(UNFINISHED):
        cursor: str | None = None
        while True:
            page = table.list_renders(status=status, limit=_PAGE, cursor=cursor)
            user = next((render for render in page.items if render.site_sha256 == sha256), None)
            if user is not None:
                raise SiteInUse("a render is made from this site; cancel it, or wait", render_id=user.id)
            cursor = page.next_cursor
            if cursor is None:
                break
    objects.delete(settings.source_bucket, project_key(sha256))


def _refuse_too_large(size_bytes: int, settings: Settings) -> None:
    limit = settings.project_max_bytes
    if size_bytes > limit:
        raise SiteTooLarge(
            f"a project archive may have at most {limit} bytes", size_bytes=size_bytes, limit_bytes=limit
        )
