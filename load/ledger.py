"""What there is after a run, counted: every asset that was asked for, its publication and its events, each once.

`read_books` reads table, buckets and executions as an operator may; `violations` is pure, and knows what must hold.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from posixpath import dirname, join
from typing import TYPE_CHECKING

import msgspec

from chalicelib.aws.outbox import RECORDS
from chalicelib.aws.records import decode_record
from chalicelib.catalog.asset import Asset, AssetStatus
from chalicelib.catalog.keys import EARLY_PREFIX, HLS_NAME, MEDIA_PREFIX
from chalicelib.catalog.upload import Upload
from load.stage import Stage

if TYPE_CHECKING:
    from chalicelib.aws.records import Item

_SEGMENT = re.compile(r"\.(m4s|mp4)$")
_URI = re.compile(r'URI="([^"]+)"')
# Told once for each attempt of an asset at most. `asset.ready` is told once in all, `asset.updated` with each change.
_ONCE_AN_ATTEMPT = frozenset({"asset.playable", "asset.errored"})


@dataclass(frozen=True, slots=True)
class Told:
    """An event as it is stored: its type, whose, of which attempt."""

    type: str
    asset_id: str
    attempt: int
    pending: bool


@dataclass(frozen=True, slots=True)
class Books:
    """Attributes:
    media: Keys of the media bucket, those of the early copies left out: they go by themselves after two days.
    named: Keys that the playlists there lead to.
    executions: Names of the publish machine's executions, and how each ended.
    """

    assets: Mapping[str, Asset]
    events: tuple[Told, ...]
    uploads: frozenset[str] = frozenset()
    media: frozenset[str] = frozenset()
    named: frozenset[str] = frozenset()
    executions: Mapping[str, str] = field(default_factory=dict)
    dead_letters: int = 0


def violations(books: Books, expected: Collection[str], *, all_ready: bool) -> list[str]:
    """Sentences on what should not be; none if nothing was lost and nothing done twice.

    Args:
        expected: Ids of the assets that were asked for.
        all_ready: Whether an errored asset is one too many.
    """
    said = [f"{asset_id} is lost" for asset_id in expected if asset_id not in books.assets]
    wanted = set(expected)
    sources = {books.assets[each].source_key for each in wanted if each in books.assets}
    said += [
        f"{asset.id} is a second asset of {asset.source_key}"
        for asset in books.assets.values()
        if asset.id not in wanted and asset.source_key in sources
    ]
    for asset_id in sorted(wanted & set(books.assets)):
        said += _of_asset(books.assets[asset_id], books, all_ready=all_ready)
    if books.dead_letters:
        said.append(f"{books.dead_letters} messages are dead letters")
    return said


def _of_asset(asset: Asset, books: Books, *, all_ready: bool) -> Iterator[str]:
    if asset.status is AssetStatus.ERRORED and not all_ready:
        if not asset.errors:
            yield f"{asset.id} is errored and says not why"
    elif asset.status is not AssetStatus.READY:
        yield f"{asset.id} is {asset.status}, {', '.join(each.code for each in asset.errors) or asset.state}"
    if asset.source_key not in books.uploads:
        yield f"the source of {asset.id} is gone"
    yield from _events_of(asset, books)
    yield from _objects_of(asset, books)
    running = [name for name, status in books.executions.items() if asset.id in name and status == "RUNNING"]
    if running:
        yield f"{asset.id} has ended, and {', '.join(running)} still runs"
    begun = Counter(name for name in books.executions if name.startswith(f"{asset.id}-"))
    if len(begun) > asset.attempt:
        yield f"{asset.id} is at attempt {asset.attempt} and had {len(begun)} executions"


def _events_of(asset: Asset, books: Books) -> Iterator[str]:
    told = [event for event in books.events if event.asset_id == asset.id]
    counts = Counter((event.type, event.attempt) for event in told)
    if any(event.pending for event in told):
        yield f"{asset.id} has events that were not sent"
    kinds = Counter(event.type for event in told)
    for kind in ("asset.created", "upload.completed"):
        if kinds[kind] != 1:
            yield f"{asset.id} has {kinds[kind]} events {kind}"
    if asset.status is AssetStatus.READY and kinds["asset.ready"] != 1:
        yield f"{asset.id} has {kinds['asset.ready']} events asset.ready"
    for (kind, attempt), count in counts.items():
        if kind in _ONCE_AN_ATTEMPT and count > 1:
            yield f"{asset.id} has {count} events {kind} of attempt {attempt}"


def _objects_of(asset: Asset, books: Books) -> Iterator[str]:
    own = {key for key in books.media if key.startswith(f"{MEDIA_PREFIX}{asset.id}/")}
    # media/<asset>/<plan>/index.m3u8: the playlists of its renditions lie deeper.
    published = sorted(key for key in own if key.endswith(f"/{HLS_NAME}") and key.count("/") == 3)
    if asset.status is AssetStatus.READY and len(published) != 1:
        yield f"{asset.id} has {len(published)} publications"
    for missing in sorted(key for key in books.named - books.media if key.startswith(f"{MEDIA_PREFIX}{asset.id}/")):
        yield f"{missing} is named by a playlist and is not there"
    if asset.status is AssetStatus.READY:
        for orphan in sorted(key for key in own - books.named if _SEGMENT.search(key)):
            yield f"{orphan} belongs to nothing"


def read_books(stage: Stage) -> Books:
    """Everything that the stack holds now."""
    assets: dict[str, Asset] = {}
    events: list[Told] = []
    uploads: dict[str, str] = {}
    for page in stage.clients.dynamodb.get_paginator("scan").paginate(TableName=stage.outputs["TableName"]):
        for item in page["Items"]:
            match item["sk"]["S"]:
                case "asset":
                    asset = decode_record(item, Asset)
                    assets[asset.id] = asset
                case "event":
                    found = _told(item)
                    events += [found] if found else []
                case "upload":
                    upload = decode_record(item, Upload)
                    uploads[upload.id] = upload.asset_id
    media = frozenset(
        key for key in _keys(stage, stage.outputs["MediaBucketName"], MEDIA_PREFIX) if not key.startswith(EARLY_PREFIX)
    )
    return Books(
        assets=assets,
        events=tuple(events),
        uploads=frozenset(_keys(stage, stage.outputs["SourceBucketName"], "uploads/")),
        media=media,
        named=frozenset(_named(stage, media)),
        executions=_executions(stage),
        dead_letters=_dead_letters(stage),
    )


def _told(item: Item) -> Told | None:
    """None for an event that is about no asset."""
    kind = RECORDS[item["kind"]["S"]]
    record: object = decode_record(msgspec.json.decode(item["record"]["S"]), kind)
    pending = "gsi1pk" in item
    if isinstance(record, Asset):
        return Told(item["type"]["S"], record.id, record.attempt, pending)
    return Told(item["type"]["S"], record.asset_id, 1, pending) if isinstance(record, Upload) else None


def _keys(stage: Stage, bucket: str, prefix: str) -> Iterator[str]:
    for page in stage.clients.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from (found["Key"] for found in page.get("Contents", []))


def _named(stage: Stage, media: Collection[str]) -> Iterator[str]:
    bucket = stage.outputs["MediaBucketName"]
    for key in media:
        if key.endswith(".m3u8"):
            text = stage.clients.s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
            names = [line for line in text.splitlines() if line and not line.startswith("#")]
            yield from (join(dirname(key), name) for name in (*names, *_URI.findall(text)))


def _executions(stage: Stage) -> dict[str, str]:
    pages = stage.clients.states.get_paginator("list_executions").paginate(
        stateMachineArn=stage.outputs["PublishStateMachineArn"]
    )
    return {found["name"]: found["status"] for page in pages for found in page["executions"]}


def _dead_letters(stage: Stage) -> int:
    found = 0
    for url in stage.clients.sqs.list_queues().get("QueueUrls", []):
        if url.endswith("-dead"):
            asked = stage.clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
            found += int(asked["Attributes"]["ApproximateNumberOfMessages"])
    return found
