"""An asset of MediaPackage VOD: what is asked for, and what comes back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from chalicelib.catalog.vod.outcome import key_of


def source_arn(uri: str, partition: str = "aws") -> str:
    """The ARN of an object.

    Raises:
        ValueError: If it is not the URI of one.
    """
    key_of(uri)
    return f"arn:{partition}:s3:::{uri.removeprefix('s3://')}"


def package_id(asset_id: str, plan_hash: str) -> str:
    """32 hexadecimal digits, the same for the same publication."""
    return hashlib.sha256(f"{asset_id}\0{plan_hash}".encode()).hexdigest()[:32]


def package_request(
    *, uri: str, identity: str, group: str, role_arn: str, tags: Mapping[str, str], partition: str = "aws"
) -> dict[str, Any]:
    """The parameters of CreateAsset. `uri` is of an HLS multivariant playlist over MPEG-TS."""
    return {
        "Id": identity,
        "PackagingGroupId": group,
        "SourceArn": source_arn(uri, partition),
        "SourceRoleArn": role_arn,
        "ResourceId": identity,
        "Tags": dict(tags),
    }


def endpoints_of(egress: Sequence[Mapping[str, Any]], cloud_front: str) -> dict[str, str]:
    """The URL of each packaging, by the last word of its configuration's id, through the CDN if there is one."""
    found = {}
    for endpoint in egress:
        url = str(endpoint["Url"])
        name = str(endpoint["PackagingConfigurationId"]).rpartition("-")[2].upper()
        found[name] = urlsplit(url)._replace(netloc=cloud_front).geturl() if cloud_front else url
    return found
