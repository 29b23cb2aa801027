"""Project archives under their own hash."""

from __future__ import annotations

import hashlib

import pytest

from chalicelib.catalog.keys import project_key
from chalicelib.catalog.render import UNFINISHED, RenderChange, RenderStatus
from chalicelib.catalog.site import Site, checksum_of
from chalicelib.errors import SiteInUse, SiteNotFound, SiteTooLarge
from chalicelib.usecases.site import announce_site, delete_site, find_site, list_sites
from tests.fakes import Stored
from tests.unit.catalog.samples import RENDER_ID, a_render
from tests.unit.usecases.desk import Desk

ARCHIVE = b"an archive"
SHA256 = hashlib.sha256(ARCHIVE).hexdigest()
SITE = Site(SHA256, len(ARCHIVE))


def _store(desk: Desk, checksum: str) -> None:
    stored = Stored(ARCHIVE, "application/gzip", checksum_sha256=checksum)
    desk.objects.stored[desk.settings.source_bucket, project_key(SHA256)] = stored


def test_a_new_archive_gets_a_url_for_its_bytes_alone() -> None:
    """The URL is good for this size and this checksum."""
    desk = Desk()
    url = announce_site(SITE, desk.objects, desk.settings)
    assert url is not None
    assert url.startswith(f"https://source.s3.test/projects/{SHA256}.tar.gz?")
    assert f"size={len(ARCHIVE)}" in url
    assert url.endswith(f"sum={checksum_of(SHA256)}")


@pytest.mark.parametrize("checksum", [checksum_of(SHA256), ""])
def test_a_stored_archive_is_not_sent_again(checksum: str) -> None:
    """Also one that was put there by other means, without a checksum."""
    desk = Desk()
    _store(desk, checksum)
    assert announce_site(SITE, desk.objects, desk.settings) is None
    assert find_site(SHA256, desk.objects, desk.settings) == SITE


def test_other_bytes_under_the_name_are_no_site() -> None:
    """They are sent anew, over what is there."""
    desk = Desk()
    _store(desk, checksum_of("00" * 32))
    assert find_site(SHA256, desk.objects, desk.settings) is None
    assert announce_site(SITE, desk.objects, desk.settings) is not None


def test_an_archive_has_a_largest_size() -> None:
    """Announced or stored."""
    desk = Desk(project_max_bytes=len(ARCHIVE) - 1)
    with pytest.raises(SiteTooLarge):
        announce_site(SITE, desk.objects, desk.settings)
    _store(desk, "")
    with pytest.raises(SiteTooLarge):
        find_site(SHA256, desk.objects, desk.settings)


def test_sites_are_listed_by_their_hashes() -> None:
    """Page by page; an archive that was stored under a name of its own is no site."""
    desk = Desk()
    for name in ("11" * 32, "22" * 32, "sample", "33" * 32):
        desk.objects.write("source", f"projects/{name}.tar.gz", ARCHIVE, content_type="application/gzip")
    first = list_sites(desk.objects, desk.settings, limit=2, after_sha256=None)
    assert [site.sha256[:2] for site in first] == ["11", "22"]
    assert list_sites(desk.objects, desk.settings, limit=2, after_sha256="22" * 32) == [Site("33" * 32, len(ARCHIVE))]


def test_a_site_stays_while_a_render_needs_it() -> None:
    """It is refused until the render has ended; then it is gone, and another time it is not found."""
    desk = Desk()
    _store(desk, "")
    desk.table.create_render(a_render(site_sha256=SHA256))
    with pytest.raises(SiteInUse):
        delete_site(SHA256, desk.objects, desk.table, desk.settings)
    ended = RenderChange(status=RenderStatus.CANCELLED)
    desk.table.update_render(RENDER_ID, ended, expect=UNFINISHED, now_ms=1)
    delete_site(SHA256, desk.objects, desk.table, desk.settings)
    assert announce_site(SITE, desk.objects, desk.settings) is not None
    with pytest.raises(SiteNotFound):
        delete_site(SHA256, desk.objects, desk.table, desk.settings)
