"""Project archives under their own hash."""

from __future__ import annotations

import hashlib

import pytest

from chalicelib.catalog.keys import project_key
from chalicelib.catalog.site import Site, checksum_of
from chalicelib.errors import SiteTooLarge
from chalicelib.usecases.site import announce_site, find_site
from tests.fakes import Stored
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
