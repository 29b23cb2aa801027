"""The adapters in memory, with the behaviour that the code relies on.

The table keeps the real codec and the real conditions: only the store under it is replaced. The contract tests run the
same suite over these and over the emulator.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chalicelib.aws.clients import Clients
from chalicelib.aws.mediaconvert import MediaConvert
from chalicelib.aws.mediapackage import MediaPackage
from chalicelib.aws.outlets import DeliveryMessage, Outlets
from chalicelib.aws.queues import EncodeMessage, Queues, RenditionMessage
from chalicelib.aws.records import encode_value
from chalicelib.aws.store import Condition, NewItem, Update
from chalicelib.aws.table import Table
from chalicelib.aws.workflows import Execution, ExecutionStatus, Workflows, execution_arn
from chalicelib.catalog.messages import Message
from chalicelib.catalog.webhook import Delivery
from chalicelib.errors import JobTemplateMissing
from chalicelib.settings import Settings
from tests.clock import NOW_MS, Clock
from tests.fake_objects import FakeObjects, Stored

if TYPE_CHECKING:
    from chalicelib.aws.records import Item, Values

__all__ = [
    "NOW_MS",
    "Clock",
    "FakeMediaConvert",
    "FakeMediaPackage",
    "FakeObjects",
    "FakeOutlets",
    "FakeQueues",
    "FakeTable",
    "FakeWorkflows",
    "Stored",
    "settings",
]


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
