"""The adapters in memory, with the behaviour that the code relies on.

The table keeps the real codec and the real conditions: only the store under it is replaced. The contract tests run the
same suite over these and over the emulator.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalicelib.aws.clients import Clients
from chalicelib.aws.mediaconvert import MediaConvert
from chalicelib.aws.mediapackage import MediaPackage
from chalicelib.aws.multipart import OpenMultipart, Part
from chalicelib.aws.objects import ObjectHead, Objects
from chalicelib.aws.outlets import DeliveryMessage, Outlets
from chalicelib.aws.queues import EncodeMessage, Queues, RenditionMessage
from chalicelib.aws.records import encode_value
from chalicelib.aws.store import Condition, NewItem, Update
from chalicelib.aws.table import Table
from chalicelib.aws.workflows import Execution, ExecutionStatus, Workflows, execution_arn
from chalicelib.catalog.messages import Message
from chalicelib.catalog.webhook import Delivery
from chalicelib.errors import JobTemplateMissing, ObjectMissing, SourceChanged, UploadIncomplete, UploadNotOpen
from chalicelib.settings import Settings

if TYPE_CHECKING:
    from chalicelib.aws.records import Item, Values

NOW_MS = 1_800_000_000_000


def settings(**changes: object) -> Settings:
    base = Settings.from_env(
        {
            "SLUICE_STAGE": "test",
            "SLUICE_TABLE": "sluice-test",
            "SLUICE_SOURCE_BUCKET": "source",
            "SLUICE_MEDIA_BUCKET": "media",
            "SLUICE_ENCODE_QUEUE_URL": "https://queue.test/encode",
            "SLUICE_PUBLISH_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:000000000000:stateMachine:test-publish",
            "SLUICE_RENDER_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:000000000000:stateMachine:test-render",
            "SLUICE_EVENTS_QUEUE_URL": "https://queue.test/events",
            "SLUICE_WEBHOOK_QUEUE_URL": "https://queue.test/webhooks",
            "SLUICE_FETCH_QUEUE_URL": "https://queue.test/fetch",
            "SLUICE_RENDITION_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:000000000000:stateMachine:test-rendition",
            "SLUICE_PUBLIC_BASE_URL": "https://media.test",
        }
    )
    return replace(base, **changes)  # type: ignore[arg-type]


class Clock:
    """Milliseconds that pass only when told to."""

    def __init__(self, now_ms: int = NOW_MS) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms

    def sleep(self, seconds: float) -> None:
        self.now_ms += round(seconds * 1000)


class FakeTable(Table):
    """`told` holds the ids of committed events."""

    def __init__(self) -> None:
        self.told: list[str] = []
        super().__init__(Clients(), "sluice-test", self.told.extend)
        self.items: dict[tuple[str, str], Values] = {}

    def _get(self, pk: str, sk: str) -> Item | None:
        return self.items.get((pk, sk))

    def _get_many(self, keys: list[tuple[str, str]]) -> list[Item]:
        return [self.items[key] for key in keys if key in self.items]

    def _put_new(self, pk: str, sk: str, values: Values, also: Sequence[NewItem] = ()) -> bool:
        if (pk, sk) in self.items:
            return False
        self._put(pk, sk, values)
        self._put_also(also)
        return True

    def _put_also(self, also: Sequence[NewItem]) -> None:
        for each in also:
            if (each.pk, each.sk) not in self.items:
                self._put(each.pk, each.sk, each.values)

    def _put(self, pk: str, sk: str, values: Values) -> None:
        self.items[pk, sk] = {**values, "pk": {"S": pk}, "sk": {"S": sk}}

    def _update(self, pk: str, sk: str, update: Update, also: Sequence[NewItem] = ()) -> Item | None:
        item = self.items.get((pk, sk), {})
        if not _allows(update, item):
            return None
        changed: Values = {**item, **update.sets, "pk": {"S": pk}, "sk": {"S": sk}}
        for name in update.removes:
            changed.pop(name, None)
        for name, value in update.adds.items():
            if "NS" in value:
                before = changed.get(name, {"NS": []})["NS"]
                changed[name] = {"NS": sorted({*before, *value["NS"]})}
            else:
                changed[name] = {"N": str(int(changed.get(name, {"N": "0"})["N"]) + int(value["N"]))}
        self.items[pk, sk] = changed
        self._put_also(also)
        return changed

    def _update_both(self, *changes: tuple[str, str, Update]) -> bool:
        holds = all(_allows(update, self.items.get((pk, sk), {})) for pk, sk, update in changes)
        return holds and all(self._update(*change) is not None for change in changes)

    def _delete(self, pk: str, sk: str) -> None:
        self.items.pop((pk, sk), None)

    def _delete_if(self, pk: str, sk: str, name: str, value: object) -> None:
        if self.items.get((pk, sk), {}).get(name) == encode_value(value):
            self._delete(pk, sk)

    def _children(self, pk: str, prefix: str) -> list[Item]:
        return [item for (held, sk), item in sorted(self.items.items()) if held == pk and sk.startswith(prefix)]

    def _index_page(
        self, gsi1pk: str, *, before: str | None, limit: int, only: tuple[str, str] | None = None
    ) -> list[Item]:
        found = [item for item in self._partition(gsi1pk) if before is None or item["gsi1sk"]["S"] < before]
        found = [item for item in found if only is None or item.get(only[0]) == {"S": only[1]}]
        return found[::-1][:limit]

    def _page_under(self, pk: str, *, prefix: str, before: str | None, limit: int) -> list[Item]:
        keys = sorted(sk for held, sk in self.items if held == pk and sk.startswith(prefix))
        wanted = [sk for sk in reversed(keys) if before is None or sk < before]
        return [self.items[pk, sk] for sk in wanted[:limit]]

    def _index_below(self, gsi1pk: str, attribute: str, limit_value: int) -> Iterator[Item]:
        return iter([item for item in self._partition(gsi1pk) if int(item[attribute]["N"]) < limit_value])

    def _partition(self, gsi1pk: str) -> list[Item]:
        found = [item for item in self.items.values() if item.get("gsi1pk") == {"S": gsi1pk}]
        return sorted(found, key=lambda item: item["gsi1sk"]["S"])


def _allows(update: Update, item: Mapping[str, object]) -> bool:
    return all(any(_holds(each, item) for each in group) for group in update.conditions)


def _holds(condition: Condition, item: Mapping[str, object]) -> bool:
    if condition.operator == "absent":
        return condition.name not in item
    if condition.operator == "in":
        return item.get(condition.name) in condition.values
    value = item.get(condition.name)
    return isinstance(value, dict) and int(value["N"]) <= int(condition.values[0]["N"])


@dataclass(frozen=True)
class Stored:
    data: bytes
    content_type: str
    cache_control: str = ""
    checksum_sha256: str = ""

    @property
    def etag(self) -> str:
        return hashlib.md5(self.data, usedforsecurity=False).hexdigest()


@dataclass
class _Multipart:
    bucket: str
    key: str
    content_type: str
    started_at_ms: int
    parts: dict[int, bytes] = field(default_factory=dict)


class FakeObjects(Objects):
    """`stored` and `multiparts` are open to tests; `reads` notes every (key, start, end) read."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(Clients())
        self.clock = clock or Clock()
        self.stored: dict[tuple[str, str], Stored] = {}
        self.multiparts: dict[str, _Multipart] = {}
        self.reads: list[tuple[str, int, int]] = []
        self.restored: list[tuple[str, int, str]] = []
        self.tags: dict[tuple[str, str], dict[str, str]] = {}
        self.stored_as: dict[tuple[str, str], tuple[str, str]] = {}

    def _find(self, bucket: str, key: str) -> Stored:
        if (bucket, key) not in self.stored:
            raise ObjectMissing("there is no such object", bucket=bucket, key=key)
        return self.stored[bucket, key]

    def head(self, bucket: str, key: str) -> ObjectHead:
        found = self._find(bucket, key)
        return ObjectHead(len(found.data), found.etag, found.content_type, self.clock(), found.checksum_sha256)

    def exists(self, bucket: str, key: str) -> bool:
        return (bucket, key) in self.stored

    def read(self, bucket: str, key: str) -> bytes:
        return self._find(bucket, key).data

    def read_range(self, bucket: str, key: str, start: int, end: int, *, etag: str = "") -> bytes:
        if end <= start:
            return b""
        found = self._find(bucket, key)
        if (etag and etag != found.etag) or end > len(found.data):
            raise SourceChanged("the object is no longer the one that was probed", bucket=bucket, key=key)
        self.reads.append((key, start, end))
        return found.data[start:end]

    def download(self, bucket: str, key: str, path: Path, *, size_bytes: int, etag: str) -> None:
        with path.open("xb") as target:
            target.write(self.read_range(bucket, key, 0, size_bytes, etag=etag))

    def write(self, bucket: str, key: str, data: bytes | Path, *, content_type: str, cache_control: str = "") -> str:
        content = data.read_bytes() if isinstance(data, Path) else data
        self.stored[bucket, key] = Stored(content, content_type, cache_control)
        return self.stored[bucket, key].etag

    def add_tags(self, bucket: str, key: str, tags: Mapping[str, str]) -> None:
        self._find(bucket, key)
        self.tags.setdefault((bucket, key), {}).update(tags)

    def storage(self, bucket: str, key: str) -> tuple[str, str]:
        self._find(bucket, key)
        return self.stored_as.get((bucket, key), ("STANDARD", ""))

    def restore(self, bucket: str, key: str, *, days: int, tier: str) -> bool:
        storage_class, _ = self.storage(bucket, key)
        if storage_class != "STANDARD":
            self.restored.append((key, days, tier))
            self.stored_as[bucket, key] = (storage_class, 'ongoing-request="true"')
        return storage_class != "STANDARD"

    def write_stream(
        self,
        bucket: str,
        key: str,
        data: Iterable[bytes],
        *,
        size_bytes: int,
        content_type: str,
        cache_control: str = "",
    ) -> None:
        assert size_bytes > 0
        content = b"".join(data)
        self.write(bucket, key, content, content_type=content_type, cache_control=cache_control)

    def copy(
        self, source: tuple[str, str], bucket: str, key: str, *, etag: str, size_bytes: int, content_type: str
    ) -> None:
        found = self._find(*source)
        if (etag, size_bytes) != (found.etag, len(found.data)):
            raise SourceChanged("the object is no longer the one that was ingested")
        self.write(bucket, key, found.data, content_type=content_type)

    def list_keys(self, bucket: str, prefix: str) -> Iterator[str]:
        return iter(sorted(key for held, key in self.stored if held == bucket and key.startswith(prefix)))

    def list_sizes(self, bucket: str, prefix: str, *, after: str = "") -> Iterator[tuple[str, int]]:
        found = (key for key in self.list_keys(bucket, prefix) if key > after)
        return ((key, len(self.stored[bucket, key].data)) for key in found)

    def delete(self, bucket: str, key: str) -> None:
        self.stored.pop((bucket, key), None)

    def delete_prefix(self, bucket: str, prefix: str) -> int:
        if not prefix.endswith("/"):
            raise ValueError("a prefix to delete must end in a slash")
        keys = list(self.list_keys(bucket, prefix))
        for key in keys:
            del self.stored[bucket, key]
        return len(keys)

    def presign_put(
        self, bucket: str, key: str, *, expires_s: int, size_bytes: int | None = None, checksum_sha256: str = ""
    ) -> str:
        url = f"https://{bucket}.s3.test/{key}?expires={expires_s}&size={size_bytes}"
        return f"{url}&sum={checksum_sha256}" if checksum_sha256 else url

    def presign_get(self, bucket: str, key: str, *, expires_s: int, download_name: str = "") -> str:
        return f"https://{bucket}.s3.test/{key}?expires={expires_s}&name={download_name}"

    def presign_post(
        self, bucket: str, key: str, *, content_type: str, size_bytes: tuple[int, int], expires_s: int
    ) -> tuple[str, dict[str, str]]:
        url = f"https://{bucket}.s3.test/?least={size_bytes[0]}&most={size_bytes[1]}&expires={expires_s}"
        return url, {"key": key, "Content-Type": content_type}

    def create_multipart(self, bucket: str, key: str, *, content_type: str, cache_control: str = "") -> str:  # noqa: ARG002
        multipart_id = f"multipart-{len(self.multiparts)}"
        self.multiparts[multipart_id] = _Multipart(bucket, key, content_type, self.clock())
        return multipart_id

    def presign_part(self, bucket: str, key: str, multipart_id: str, part_number: int, *, expires_s: int) -> str:
        return f"https://{bucket}.s3.test/{key}?uploadId={multipart_id}&partNumber={part_number}&expires={expires_s}"

    def list_parts(self, bucket: str, key: str, multipart_id: str) -> tuple[Part, ...] | None:
        found = self.multiparts.get(multipart_id)
        if found is None or (found.bucket, found.key) != (bucket, key):
            return None
        return tuple(Part(number, Stored(data, "").etag, len(data)) for number, data in sorted(found.parts.items()))

    def put_part(self, bucket: str, key: str, multipart_id: str, part_number: int, data: bytes) -> str:
        if self.list_parts(bucket, key, multipart_id) is None:
            raise UploadNotOpen("the multipart upload is no longer open", key=key)
        self.multiparts[multipart_id].parts[part_number] = data
        return Stored(data, "").etag

    def complete_multipart(self, bucket: str, key: str, multipart_id: str, parts: Sequence[tuple[int, str]]) -> bool:
        stored = self.list_parts(bucket, key, multipart_id)
        if stored is None:
            return False
        if not set(parts) <= {(part.number, part.etag) for part in stored}:
            raise UploadIncomplete("S3 does not hold the parts as listed", key=key)
        found = self.multiparts.pop(multipart_id)
        data = b"".join(found.parts[number] for number, _ in parts)
        self.write(bucket, key, data, content_type=found.content_type)
        return True

    def abort_multipart(self, bucket: str, key: str, multipart_id: str) -> None:
        if self.list_parts(bucket, key, multipart_id) is not None:
            del self.multiparts[multipart_id]

    def stale_multiparts(self, bucket: str, prefix: str, *, older_than_ms: int) -> Iterator[OpenMultipart]:
        for multipart_id, found in list(self.multiparts.items()):
            if found.bucket == bucket and found.key.startswith(prefix) and found.started_at_ms < older_than_ms:
                yield OpenMultipart(found.key, multipart_id, found.started_at_ms)


class FakeQueues(Queues):
    """`sent` holds every message."""

    def __init__(self) -> None:
        super().__init__(Clients(), "https://queue.test/encode")
        self.sent: list[EncodeMessage] = []
        self.renditions: list[RenditionMessage] = []
        self.fetches: list[tuple[str, int]] = []

    def send_encode(self, asset_id: str, etag: str) -> None:
        self.sent.append(EncodeMessage(asset_id, etag))

    def send_fetch(self, asset_id: str, *, delay_s: int = 0) -> None:
        self.fetches.append((asset_id, delay_s))

    def send_rendition(self, asset_id: str, rendition_id: str, created_at_ms: int) -> None:
        self.renditions.append(RenditionMessage(asset_id, rendition_id, created_at_ms))


class FakeOutlets(Outlets):
    """What was sent, and to where; `broken` outlets fail with the error they are given."""

    def __init__(self) -> None:
        super().__init__(Clients(), settings())
        self.events: list[str] = []
        self.deliveries: list[tuple[DeliveryMessage, int]] = []
        self.published: list[Message] = []
        self.records: list[Message] = []
        self.on_bus: list[tuple[str, str]] = []
        self.broken: dict[str, Exception] = {}

    def send_events(self, event_ids: Sequence[str]) -> None:
        self._fail("events")
        self.events += event_ids

    def send_delivery(self, delivery: Delivery, *, delay_s: int = 0) -> None:
        message = DeliveryMessage(delivery.webhook_id, delivery.id, delivery.attempts + 1, delivery.replays)
        self.deliveries.append((message, delay_s))

    def publish(self, message: Message) -> None:
        self._fail("topic")
        self.published.append(message)

    def send_record(self, message: Message) -> None:
        self._fail("queue")
        self.records.append(message)

    def put_on_bus(self, detail_type: str, detail: str, *, at_ms: int) -> None:  # noqa: ARG002
        self._fail("bus")
        self.on_bus.append((detail_type, detail))

    def _fail(self, outlet: str) -> None:
        if outlet in self.broken:
            raise self.broken[outlet]


class FakeWorkflows(Workflows):
    """`executions` by ARN, `inputs` by name and `ended` (token, output or error) are open to tests."""

    def __init__(self) -> None:
        arns = settings()
        super().__init__(
            Clients(),
            arns.publish_state_machine_arn,
            arns.rendition_state_machine_arn,
            arns.render_state_machine_arn,
        )
        self.executions: dict[str, Execution] = {}
        self.inputs: dict[str, Mapping[str, object]] = {}
        self.ended: list[tuple[str, object]] = []

    def _start(self, machine_arn: str, name: str, state_input: Mapping[str, object]) -> str:
        arn = execution_arn(machine_arn, name)
        if arn not in self.executions:
            self.executions[arn] = Execution(arn, ExecutionStatus.RUNNING)
            self.inputs[name] = state_input
        return arn

    def describe(self, execution_arn: str) -> Execution:
        return self.executions.get(execution_arn, Execution(execution_arn, ExecutionStatus.MISSING))

    def stop(self, execution_arn: str, *, error: str = "", cause: str = "") -> None:
        found = self.executions.get(execution_arn)
        if found is not None and found.status is ExecutionStatus.RUNNING:
            self.executions[execution_arn] = Execution(execution_arn, ExecutionStatus.ABORTED, error, cause)

    def succeed_task(self, token: str, output: Mapping[str, object]) -> None:
        self.ended.append((token, output))

    def fail_task(self, token: str, error_name: str, message: str) -> None:
        self.ended.append((token, (error_name, message)))


class FakeMediaConvert(MediaConvert):
    """`templates` by name; `jobs` holds each request by its token, `cancelled` the ids of jobs."""

    def __init__(self) -> None:
        super().__init__(Clients(), "")
        self.templates: dict[str, dict[str, Any]] = {}
        self.jobs: dict[str, Mapping[str, Any]] = {}
        self.cancelled: list[str] = []

    def find_template(self, names: Sequence[str]) -> dict[str, Any]:
        for name in names:
            if name in self.templates:
                return {"Name": name, **self.templates[name]}
        raise JobTemplateMissing(f"there is no job template {names[0]}", looked_for=list(names))

    def create_job(self, request: Mapping[str, Any], *, token: str) -> str:
        self.jobs.setdefault(token, request)
        return f"job-of-{token}"

    def cancel_job(self, job_id: str) -> None:
        self.cancelled.append(job_id)


class FakeMediaPackage(MediaPackage):
    """`assets` by id."""

    def __init__(self) -> None:
        super().__init__(Clients())
        self.assets: dict[str, Mapping[str, Any]] = {}

    def create_asset(self, request: Mapping[str, Any]) -> list[dict[str, Any]]:
        self.assets[request["Id"]] = request
        url = f"https://package.test/out/v1/{request['Id']}/index"
        return [
            {"PackagingConfigurationId": f"{request['PackagingGroupId']}-hls", "Url": f"{url}.m3u8"},
            {"PackagingConfigurationId": f"{request['PackagingGroupId']}-dash", "Url": f"{url}.mpd"},
        ]

    def delete_asset(self, asset_id: str) -> None:
        self.assets.pop(asset_id, None)
