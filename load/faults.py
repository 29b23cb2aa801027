"""Things that go wrong while assets and renders are in flight, one kind after another, at seeded instants.

Whatever it is, all work must end within a bound of time, ready or errored with a reason; what is errored must become
ready when it is tried again; and the books must be right. What cannot be done on a machine is said, not left out.
"""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from load.publishes import closed_books, settle, upload_all
from load.stage import AGAIN, Stage, StageLost
from load.strikes import RELENTLESS, STRIKES
from sluice.api_client import ApiRefused, ApiUnreachable, Json
from sluice.rendering import UNFINISHED, create_site
from sluice.uploading import UploadFailed

_POLL_S = 0.25


@dataclass(frozen=True, slots=True)
class Work:
    """What is in flight in a round."""

    videos: int
    video: bytes
    renders: int
    project: Path


@dataclass(frozen=True, slots=True)
class Round:
    """One kind of fault, once.

    Attributes:
        struck: How often it struck.
        work: Assets and renders that were in flight.
        ready: Of them, ready without our doing.
        errored: The others by the code of their error; all of them were tried again.
        recovered_s: From the last strike to the last end.
    """

    kind: str
    seed: int
    struck: int
    work: int
    ready: int
    errored: dict[str, int]
    recovered_s: float
    violations: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.violations


def run_round(stage: Stage, kind: str, seed: int, work: Work, *, within_s: float) -> Round:
    """Put work in flight, strike, wait for its end, try again what is errored, and count.

    Raises:
        FaultImpossible: If this machine does not let us.
    """
    chance = random.Random(f"{seed} {kind}")  # noqa: S311  a repeatable run
    with ThreadPoolExecutor(3) as threads:
        assets = threads.submit(upload_all, stage, work.videos, work.video, seed, None, patience_s=within_s)
        renders = threads.submit(_start_renders, stage, work)
        struck = threads.submit(STRIKES[kind], stage, chance).result()
        struck_at = time.monotonic()
        asset_ids, render_ids = assets.result(), renders.result()
    said: list[str] = []
    errored: dict[str, int] = {}
    try:
        ended = [*settle(stage, asset_ids, within_s).values(), *_settle_renders(stage, render_ids, within_s)]
        recovered_s = time.monotonic() - struck_at
        said += [] if struck else ["nothing was struck"]
        if kind in RELENTLESS and all(each["status"] in ("ready", "succeeded") for each in ended):
            said.append("nothing was errored by it")
        bad = [each for each in ended if each["status"] not in ("ready", "succeeded")]
        for each in bad:
            code = each["errors"][0]["code"] if each["errors"] else "no reason"
            errored[code] = errored.get(code, 0) + 1
            said += [] if each["errors"] else [f"{each['id']} is {each['status']} and says not why"]
        said += _try_again(stage, bad, work, within_s)
        said += closed_books(stage, asset_ids, all_ready=True, within_s=90)[1]
    except StageLost as error:
        return Round(kind, seed, struck, len(asset_ids) + len(render_ids), 0, errored, within_s, (error.message,))
    count = len(asset_ids) + len(render_ids)
    return Round(kind, seed, struck, count, count - len(bad), errored, recovered_s, tuple(said))


def _start_renders(stage: Stage, work: Work) -> list[str]:
    return [_start_render(stage, work) for _ in range(work.renders)]


def _start_render(stage: Stage, work: Work) -> str:
    until = time.monotonic() + 120
    while True:
        try:
            site = create_site(stage.api, work.project, lambda _: lambda _: None, entry="index.html", out=None)
            break
        except (ApiUnreachable, ApiRefused, UploadFailed) as error:
            refused = isinstance(error, ApiRefused) and error.status not in AGAIN
            if refused or time.monotonic() > until:
                raise
            time.sleep(_POLL_S)
    body = {"site_id": site["id"], "chunk_frames": 15, "max_parallel": 2}
    return str(stage.call("POST", "/v1/renders", json=body)["id"])


def _settle_renders(stage: Stage, render_ids: list[str], within_s: float) -> list[Json]:
    until = time.monotonic() + within_s
    ended: list[Json] = []
    for render_id in render_ids:
        while (render := stage.call("GET", f"/v1/renders/{render_id}"))["status"] in UNFINISHED:
            if time.monotonic() > until:
                raise StageLost(f"stuck after {within_s:.0f} s: {render_id}, {render['status']}")
            time.sleep(_POLL_S)
        ended.append(render)
    return ended


def _try_again(stage: Stage, bad: list[Json], work: Work, within_s: float) -> list[str]:
    """Assets by their own route, renders by another of the same; what is still not as it should be."""
    assets = [each["id"] for each in bad if each["id"].startswith("as_")]
    for asset_id in assets:
        stage.call("POST", f"/v1/assets/{asset_id}/retry", json={})
    again = settle(stage, assets, within_s)
    said = [f"{each['id']} is {each['status']} again" for each in again.values() if each["status"] != "ready"]
    renders = [_start_render(stage, work) for each in bad if not each["id"].startswith("as_")]
    for render in _settle_renders(stage, renders, within_s):
        if render["status"] != "succeeded":
            said.append(f"{render['id']} is {render['status']} again")
    return said
