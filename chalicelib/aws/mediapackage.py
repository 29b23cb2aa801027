"""AWS Elemental MediaPackage VOD. Permissions used: mediapackage-vod:CreateAsset, DescribeAsset, DeleteAsset,
TagResource, and iam:PassRole for the role that it reads with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.aws.clients import Clients, calling, error_code
from chalicelib.errors import MediaPackageUnavailable


class MediaPackage:
    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def create_asset(self, request: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Make an asset, or find the one of this id. Returns its egress endpoints."""
        client = self._clients.mediapackage
        with calling("mediapackage-vod:CreateAsset", MediaPackageUnavailable):
            try:
                made = client.create_asset(**request)
            except ClientError as error:
                # Its word for an id that is taken is the one for any request that it cannot process.
                found = self._find(request["Id"]) if error_code(error) == "UnprocessableEntityException" else None
                if found is None:
                    raise
                made = found
        endpoints: list[dict[str, Any]] = made["EgressEndpoints"]
        return endpoints

    def _find(self, asset_id: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self._clients.mediapackage.describe_asset(Id=asset_id)
        except ClientError as error:
            if error_code(error) == "NotFoundException":
                return None
            raise
        return found

    def delete_asset(self, asset_id: str) -> None:
        """Nothing happens if there is none."""
        with calling("mediapackage-vod:DeleteAsset", MediaPackageUnavailable):
            try:
                self._clients.mediapackage.delete_asset(Id=asset_id)
            except ClientError as error:
                if error_code(error) != "NotFoundException":
                    raise
