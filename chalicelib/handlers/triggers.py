"""Triggers that Chalice has no decorator for.

`on_object_created` stands for Chalice's own `@on_s3_event`, which `chalice package` refuses. It is a thin helper over
`@on_cw_event`: S3 sends "Object Created" to EventBridge, and the rule's pattern picks the bucket and the prefix. The
bucket's name in the pattern is a placeholder; the merge template puts the stack's own bucket there, because a name
known only after the deployment cannot be in the code; `chalice deploy` finds it in the stage's environment.
(S3 user guide, "EventBridge event message structure".)
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from chalice.app import Blueprint, CloudWatchEvent

R = TypeVar("R")

PLACEHOLDER = "replaced-by-the-merge-template"


def stack_name() -> str:
    """The stack's name. Known to `chalice deploy`, which reads this module with the stage's environment."""
    return os.environ.get("SLUICE_STAGE") or PLACEHOLDER


def stack_queue(kind: str) -> str:
    """Name of one of the stack's queues."""
    return f"{stack_name()}-{kind}"


@dataclass(frozen=True, slots=True)
class ObjectCreated:
    """An object was put, copied or completed. Keys come as they are, without URL encoding; `context` is Lambda's."""

    bucket: str
    key: str
    size_bytes: int
    etag: str
    context: Any = None


def on_object_created(
    blueprint: Blueprint, *, prefix: str
) -> Callable[[Callable[[ObjectCreated], R]], Callable[[CloudWatchEvent], R]]:
    """Decorate a handler of the objects that appear in a bucket under `prefix`.

    S3 delivers at least once and in no order: the handler must bear an event twice.
    """
    bucket = os.environ.get("SLUICE_SOURCE_BUCKET") or PLACEHOLDER
    prefixes = dict.fromkeys((prefix, os.environ.get("SLUICE_METADATA_PREFIX") or prefix))
    keys = [{"prefix": each} for each in prefixes]
    pattern = {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [bucket]}, "object": {"key": keys}},
    }

    def decorate(handler: Callable[[ObjectCreated], R]) -> Callable[[CloudWatchEvent], R]:
        @functools.wraps(handler)
        def handle(event: CloudWatchEvent) -> R:
            return handler(object_created(event.detail, event.context))

        registered: Callable[[CloudWatchEvent], R] = blueprint.on_cw_event(pattern)(handle)
        return registered

    return decorate


def object_created(detail: dict[str, Any], context: Any = None) -> ObjectCreated:
    """Read the `detail` of an "Object Created" event."""
    created = detail["object"]
    return ObjectCreated(
        bucket=detail["bucket"]["name"],
        key=created["key"],
        size_bytes=created.get("size", 0),
        etag=created.get("etag", ""),
        context=context,
    )
