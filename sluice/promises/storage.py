"""Promises about the table and the buckets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sluice.promises.promise import Promise, Subject, or_none
from sluice.template import Document

# The template's names of CORS properties, where the S3 API has others.
_CORS_NAMES = {"MaxAge": "MaxAgeSeconds", "ExposedHeaders": "ExposeHeaders", "Id": "ID"}


def of_table(subject: Subject) -> Iterator[Promise]:
    """Time to live, and the indexes."""
    dynamodb, name = subject.clients.dynamodb, subject.physical_id
    wanted = subject.properties.get("TimeToLiveSpecification")

    def time_to_live() -> Document:
        found = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        enabled = found.get("TimeToLiveStatus") in ("ENABLED", "ENABLING")
        return {"AttributeName": found.get("AttributeName"), "Enabled": enabled}

    def indexes() -> list[str]:
        table = dynamodb.describe_table(TableName=name)["Table"]
        return sorted(index.get("IndexName", "") for index in table.get("GlobalSecondaryIndexes", []))

    if wanted is not None:
        yield subject.promise(
            "TimeToLiveSpecification",
            wanted,
            time_to_live,
            lambda: dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=wanted),
        )
    declared = sorted(index["IndexName"] for index in subject.properties.get("GlobalSecondaryIndexes", []))
    yield subject.promise("GlobalSecondaryIndexes", declared, indexes)


def of_bucket(subject: Subject) -> Iterator[Promise]:
    """Lifecycle, CORS, and events to EventBridge."""
    if "LifecycleConfiguration" in subject.properties:
        yield _lifecycle(subject)
    if "CorsConfiguration" in subject.properties:
        yield _cors(subject)
    notification = subject.properties.get("NotificationConfiguration") or {}
    if (notification.get("EventBridgeConfiguration") or {}).get("EventBridgeEnabled", False):
        yield _events(subject)


def lifecycle_rule(rule: Document) -> Document:
    """A rule of the template in the form of the S3 API."""
    converted: Document = {"ID": rule.get("Id", "rule"), "Status": rule["Status"]}
    tags = [dict(tag) for tag in rule.get("TagFilters", [])]
    converted["Filter"] = {"Tag": tags[0]} if tags else {"Prefix": rule.get("Prefix", "")}
    if "AbortIncompleteMultipartUpload" in rule:
        converted["AbortIncompleteMultipartUpload"] = dict(rule["AbortIncompleteMultipartUpload"])
    if "ExpirationInDays" in rule:
        converted["Expiration"] = {"Days": int(rule["ExpirationInDays"])}
    if "Transitions" in rule:
        converted["Transitions"] = [
            {"Days": int(transition["TransitionInDays"]), "StorageClass": transition["StorageClass"]}
            for transition in rule["Transitions"]
        ]
    return converted


def _lifecycle(subject: Subject) -> Promise:
    s3, bucket = subject.clients.s3, subject.physical_id
    rules: Any = [lifecycle_rule(rule) for rule in subject.properties["LifecycleConfiguration"]["Rules"]]
    return subject.promise(
        "LifecycleConfiguration",
        rules,
        lambda: or_none(
            lambda: s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"], "NoSuchLifecycleConfiguration"
        ),
        lambda: s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules}),
    )


def _cors(subject: Subject) -> Promise:
    s3, bucket = subject.clients.s3, subject.physical_id
    rules: Any = [
        {_CORS_NAMES.get(name, name): value for name, value in rule.items()}
        for rule in subject.properties["CorsConfiguration"]["CorsRules"]
    ]
    return subject.promise(
        "CorsConfiguration",
        rules,
        lambda: or_none(lambda: s3.get_bucket_cors(Bucket=bucket)["CORSRules"], "NoSuchCORSConfiguration"),
        lambda: s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules}),
    )


def _events(subject: Subject) -> Promise:
    s3, bucket = subject.clients.s3, subject.physical_id
    return subject.promise(
        "EventBridgeConfiguration",
        True,
        lambda: "EventBridgeConfiguration" in s3.get_bucket_notification_configuration(Bucket=bucket),
        lambda: s3.put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
        ),
    )
