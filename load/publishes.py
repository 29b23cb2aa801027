"""Many tiny videos at once, each uploaded and published, while what is said of them is repeated and disordered."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import uuid4

from load.ledger import Books, read_books, violations
from load.noise import Noise
from load.stage import Stage, StageLost
from sluice.api_client import ApiRefused, Json

_POLL_S = 1.0
_QUIET_S = 8.0
# How long events may be on their way: the sweep comes once a minute.
_REST_S = 90.0
ENDED = frozenset({"ready", "errored", "cancelled", "deleted"})


@dataclass(frozen=True, slots=True)
class Load:
    """What one load run found.

    Attributes:
        ready_s: From the opening of each upload to `ready`, as far as the asset's own times tell, in order of size.
        wall_s: From the first upload to the last asset's end.
    """

    assets: int
    seed: int
    ready: int
    errored: dict[str, int]
    ready_s: tuple[float, ...]
    wall_s: float
    repeated_object_events: int
    repeated_messages: int
    violations: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.violations and self.ready == self.assets


def etag_of(body: bytes) -> str:
    """S3's, of an object that was put in one piece."""
    return hashlib.md5(body).hexdigest()  # noqa: S324


def upload(stage: Stage, number: int, body: bytes, seed: int, noise: Noise | None = None, *, patience_s: float) -> str:
    """Send one video; its asset's id. A third are left to S3's event, a third are completed twice at once."""
    while True:
        try:
            return _upload(stage, number, body, seed, noise, patience_s)
        except ApiRefused as error:
            # Its opening was among the last that a killed emulator had heard of, and not yet written down.
            if error.status != 404:
                raise


def _upload(stage: Stage, number: int, body: bytes, seed: int, noise: Noise | None, patience_s: float) -> str:
    # By a key, because a call that is not answered may have been heard.
    once = {"Idempotency-Key": f"{seed}-{number}-{uuid4()}"}
    wish = {"filename": f"{number}.mp4", "size": len(body)}
    opened = stage.call("POST", "/v1/uploads", patience_s=patience_s, json=wish, headers=once)
    asset_id: str = opened["asset_id"]
    if noise:
        noise.before_upload(number, asset_id)
    stage.put(opened["url"], body)
    if noise:
        noise.after_upload(number, asset_id, etag_of(body))
    times = random.Random(f"{seed} {number} complete").randint(0, 2)  # noqa: S311
    if times:
        with ThreadPoolExecutor(times) as threads:
            list(threads.map(lambda _: _complete(stage, opened["id"], patience_s), range(times)))
    return asset_id


def _complete(stage: Stage, upload_id: str, patience_s: float) -> None:
    try:
        stage.call("POST", f"/v1/uploads/{upload_id}/complete", patience_s=patience_s, json={})
    except ApiRefused as error:
        if error.status != 409:
            raise


def upload_all(
    stage: Stage, count: int, body: bytes, seed: int, noise: Noise | None, *, patience_s: float
) -> list[str]:
    """All at once, as far as threads go."""

    def one(number: int) -> str:
        return upload(stage, number, body, seed, noise, patience_s=patience_s)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))


def settle(stage: Stage, asset_ids: Collection[str], within_s: float) -> dict[str, Json]:
    """The assets when nothing more will happen to any of them.

    Raises:
        StageLost: Naming what is stuck.
    """
    until = time.monotonic() + within_s
    found: dict[str, Json] = {}
    left = list(asset_ids)
    while left:
        for asset_id in left:
            asset = stage.call("GET", f"/v1/assets/{asset_id}", patience_s=max(1.0, until - time.monotonic()))
            if asset["status"] in ENDED:
                found[asset_id] = asset
        left = [each for each in left if each not in found]
        if left and time.monotonic() > until:
            raise StageLost(f"stuck after {within_s:.0f} s: {', '.join(left)}")
        # Whoever waits for many looks less often: looking is work for the same machine.
        time.sleep(max(_POLL_S, len(left) / 20) if left else 0)
    return found


def closed_books(
    stage: Stage, expected: Collection[str], *, all_ready: bool, within_s: float
) -> tuple[Books, list[str]]:
    """The books, and what is wrong in them, once they have come to rest: events are still on their way at first."""
    until = time.monotonic() + within_s
    while True:
        books = read_books(stage)
        found = violations(books, expected, all_ready=all_ready)
        if not found or time.monotonic() > until:
            return books, found
        time.sleep(_QUIET_S / 4)


def run(stage: Stage, count: int, body: bytes, seed: int, *, within_s: float) -> Load:
    """One load run, from the first upload to the counted books.

    Raises:
        StageLost: If an asset is stuck.
    """
    noise = Noise(stage, seed)
    started = time.monotonic()
    asset_ids = upload_all(stage, count, body, seed, noise, patience_s=within_s)
    assets = settle(stage, asset_ids, within_s)
    wall_s = time.monotonic() - started
    noise.at_the_end(list(asset_ids), etag_of(body))
    time.sleep(_QUIET_S)
    books, found = closed_books(stage, asset_ids, all_ready=True, within_s=_REST_S)
    errored: dict[str, int] = {}
    for asset in assets.values():
        for error in asset["errors"]:
            errored[error["code"]] = errored.get(error["code"], 0) + 1
    return Load(
        assets=count,
        seed=seed,
        ready=sum(asset["status"] == "ready" for asset in assets.values()),
        errored=errored,
        ready_s=tuple(sorted(_ready_s(books, asset_ids))),
        wall_s=wall_s,
        repeated_object_events=noise.object_events,
        repeated_messages=noise.messages,
        violations=tuple(found),
    )


def _ready_s(books: Books, asset_ids: Sequence[str]) -> list[float]:
    assets = (books.assets[asset_id] for asset_id in asset_ids if asset_id in books.assets)
    return [(asset.updated_at_ms - asset.created_at_ms) / 1000 for asset in assets]
