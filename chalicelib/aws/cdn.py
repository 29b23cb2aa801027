"""The CloudFront that serves the media. Permission used: cloudfront:CreateInvalidation."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from chalicelib.aws.clients import Clients, calling
from chalicelib.errors import CdnUnavailable


class Cdn:
    """`distribution_id` is empty where no CloudFront serves the media, and then nothing is to be done."""

    def __init__(self, clients: Clients, distribution_id: str) -> None:
        self._clients = clients
        self._distribution_id = distribution_id

    def forget(self, paths: Sequence[str], *, now_ms: int) -> None:
        """Have every edge drop what it keeps under these paths; a star at the end of one stands for what is below.

        Raises:
            CdnUnavailable: If CloudFront does not answer, or has too many to do already.
        """
        if not self._distribution_id:
            return
        told = hashlib.sha256("\0".join(paths).encode()).hexdigest()[:32]
        with calling("cloudfront:CreateInvalidation", CdnUnavailable, _BUSY):
            self._clients.cloudfront.create_invalidation(
                DistributionId=self._distribution_id,
                InvalidationBatch={
                    "Paths": {"Quantity": len(paths), "Items": list(paths)},
                    "CallerReference": f"{told}-{now_ms}",
                },
            )


_BUSY = {"TooManyInvalidationsInProgress": CdnUnavailable("CloudFront has too many invalidations in progress")}
