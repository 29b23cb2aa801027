"""Invalidations, held against AWS's own description of CloudFront."""

from __future__ import annotations

import pytest
from botocore.stub import ANY, Stubber

from chalicelib.aws.cdn import Cdn
from chalicelib.aws.clients import Clients
from chalicelib.catalog.keys import asset_media_paths
from chalicelib.errors import CdnUnavailable

PATHS = ["/media/as_1/*", "/media/early/as_1/*"]
ASKED = {
    "DistributionId": "E1",
    "InvalidationBatch": {"Paths": {"Quantity": 2, "Items": PATHS}, "CallerReference": ANY},
}


@pytest.fixture
def stubbed(monkeypatch: pytest.MonkeyPatch) -> tuple[Clients, Stubber]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    clients = Clients()
    return clients, Stubber(clients.cloudfront)


def test_everything_of_an_asset_is_forgotten(stubbed: tuple[Clients, Stubber]) -> None:
    """Both of its prefixes, in one request; too many at once is no fault of the asset."""
    clients, stub = stubbed
    with stub:
        stub.add_response("create_invalidation", {}, ASKED)
        Cdn(clients, "E1").forget(asset_media_paths("as_1"), now_ms=7)
        stub.add_client_error("create_invalidation", "TooManyInvalidationsInProgress", http_status_code=400)
        with pytest.raises(CdnUnavailable):
            Cdn(clients, "E1").forget(asset_media_paths("as_1"), now_ms=8)
        stub.assert_no_pending_responses()


def test_without_a_distribution_nothing_is_asked(stubbed: tuple[Clients, Stubber]) -> None:
    """As on the local AWS."""
    clients, stub = stubbed
    with stub:
        Cdn(clients, "").forget(PATHS, now_ms=7)
