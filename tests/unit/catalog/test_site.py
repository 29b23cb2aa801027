"""The names of project archives."""

from __future__ import annotations

import hashlib

import pytest

from chalicelib.catalog.site import checksum_of, sha256_of_site, site_id

SHA256 = hashlib.sha256(b"").hexdigest()


def test_an_id_holds_the_hash() -> None:
    """It is found again, and the checksum is the same hash in S3's own writing."""
    assert sha256_of_site(site_id(SHA256)) == SHA256
    assert checksum_of(SHA256) == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


@pytest.mark.parametrize(
    "text", ["", "st_", SHA256, f"st_{SHA256}0", f"as_{SHA256}", f"st_{SHA256.upper()}", "st_../x"]
)
def test_anything_else_is_no_id(text: str) -> None:
    """What could not have come from `site_id` names nothing."""
    assert sha256_of_site(text) is None
