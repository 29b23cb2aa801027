"""Events as S3 and SQS may bring them: more than once, late, and in another order than things happened."""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from chalicelib.aws.queues import EncodeMessage
from chalicelib.catalog.keys import upload_key
from load.stage import Stage
from sluice.clients import ACCOUNT_ID, REGION

_LATEST_S = 20


@dataclass(slots=True)
class Noise:
    """Repeats what was said of assets. What it does of each is decided by the seed and the asset's number alone.

    Attributes:
        object_events, messages: How many were sent in all, beside the real ones.
    """

    stage: Stage
    seed: int
    object_events: int = 0
    messages: int = 0

    def before_upload(self, number: int, asset_id: str) -> None:
        """What comes too early: a message on the work of bytes that are not there yet."""
        if self._chance(number, "early").random() < 0.25:
            self._send(asset_id, "0" * 32, 0)

    def after_upload(self, number: int, asset_id: str, etag: str) -> None:
        """S3's event again one to three times, at once or mixed up with others', and messages that are held back."""
        chance = self._chance(number, "late")
        for _ in range(chance.randint(1, 3)):
            self._object_created(asset_id, etag)
        for _ in range(chance.randint(0, 2)):
            self._send(asset_id, etag, chance.randint(0, _LATEST_S))

    def at_the_end(self, asset_ids: list[str], etag: str) -> None:
        """Everything once more, in another order, when all is done."""
        random.Random(self.seed).shuffle(asset_ids)  # noqa: S311
        for asset_id in asset_ids:
            self._object_created(asset_id, etag)
            self._send(asset_id, etag, 0)

    def _chance(self, number: int, when: str) -> random.Random:
        return random.Random(f"{self.seed} {number} {when}")  # noqa: S311  a repeatable run, not a secret

    def _send(self, asset_id: str, etag: str, delay_s: int) -> None:
        body = msgspec.json.encode(EncodeMessage(asset_id, etag)).decode()
        self.stage.clients.sqs.send_message(
            QueueUrl=self.stage.outputs["EncodeQueueUrl"], MessageBody=body, DelaySeconds=delay_s
        )
        self.messages += 1

    def _object_created(self, asset_id: str, etag: str) -> None:
        """As EventBridge hands it to the function."""
        detail = {
            "bucket": {"name": self.stage.outputs["SourceBucketName"]},
            "object": {"key": upload_key(asset_id), "size": 0, "etag": etag},
        }
        event = {
            "version": "0",
            "id": f"noise-{time.time_ns()}",
            "source": "aws.s3",
            "account": ACCOUNT_ID,
            "region": REGION,
            "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "detail-type": "Object Created",
            "detail": detail,
            "resources": [],
        }
        self.stage.clients.functions.invoke(
            FunctionName=self.stage.functions["Ingest"], InvocationType="Event", Payload=json.dumps(event)
        )
        self.object_events += 1
