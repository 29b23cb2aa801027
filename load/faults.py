"""Things that go wrong while assets and renders are in flight, one kind after another, at seeded instants.

Whatever it is, all work must end within a bound of time, ready or errored with a reason; what is errored must become
ready when it is tried again; and the books must be right. What cannot be done on a machine is said, not left out.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from load.publishes import closed_books, settle, upload_all
from load.stage import AGAIN, Stage, StageLost
from sluice.api_client import ApiRefused, ApiUnreachable, Json
from sluice.processes import strays
from sluice.rendering import UNFINISHED, create_site
from sluice.uploading import UploadFailed

_POLL_S = 0.25
# A cold start on a busy machine takes its time, and what is to be killed comes after it.
_SEARCH_S = 90.0
# The browser, unpacked, is a good part of it.
SMALL_TMP_MB = 1536


class FaultImpossible(Exception):
    """This machine does not let us do it."""


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


Strike = Callable[[Stage, random.Random], int]
"""Does it, over some seconds; returns how often."""


def strike_emulator(stage: Stage, chance: random.Random) -> int:
    """The whole local AWS dies and is started again."""
    time.sleep(chance.uniform(0.5, 6))
    stage.kill_emulator()
    stage.bring_back()
    return 1


def killing(words: tuple[str, ...], times: int) -> Strike:
    """A strike that kills processes of this home whose command line has one of the words."""

    def strike(stage: Stage, chance: random.Random) -> int:
        struck = 0
        until = time.monotonic() + _SEARCH_S
        while struck < times and time.monotonic() < until:
            time.sleep(chance.uniform(0.05, 1))
            found = list(_processes(stage, words))
            if found:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(chance.choice(found), signal.SIGKILL)
                    struck += 1
        return struck

    return strike


def _processes(stage: Stage, words: tuple[str, ...]) -> Iterator[int]:
    """Those of this home: named by its folder, as encoders and browsers are, or in its environment."""
    home = stage.local.home.root
    ours = {process.pid for process in strays(home)}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
            first, _, rest = (folder / "cmdline").read_bytes().decode(errors="replace").partition("\0")
            named = any(word in Path(first).name or (word.endswith(".py") and word in rest) for word in words)
            if named and (int(folder.name) in ours or Path(first).is_relative_to(home)):
                yield int(folder.name)


def hindering(faults: Json, seconds: float) -> Strike:
    """A strike by the emulator: see `sluice/emulator/inside/faults.py`."""

    def strike(stage: Stage, chance: random.Random) -> int:
        path = faults_file(stage.local.home.root)
        path.write_text(json.dumps({"seed": chance.random(), **faults}))
        time.sleep(seconds)
        path.unlink()
        return 1

    return strike


def strike_disk(stage: Stage, chance: random.Random) -> int:
    """The functions' /tmp, which is small for it, is full; then there is room again."""
    tmp = stage.local.home.tmp
    if not tmp.is_mount():
        raise FaultImpossible("a small /tmp takes the right to mount")
    time.sleep(chance.uniform(0, 1))
    ballast = tmp / "ballast"
    with ballast.open("wb") as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(1024 * 1024))
            file.flush()
    time.sleep(10)
    ballast.unlink()
    return 1


STRIKES: dict[str, Strike] = {
    "emulator": strike_emulator,
    "worker": killing(("sandbox.py", "runtime.py"), 4),
    "ffmpeg": killing(("ffmpeg",), 4),
    "chromium": killing(("chrom", "headless_shell"), 3),
    "throttle": hindering({"refused": {"s3": 0.5, "dynamodb": 0.5}}, 20),
    "network": hindering({"delay_ms": [50, 400], "bytes_per_s": 200_000}, 20),
    "disk": strike_disk,
}


def faults_file(home: Path) -> Path:
    return home / "faults.json"


@contextlib.contextmanager
def small_tmp(home: Path) -> Iterator[None]:
    """Before the stage is started: gives its functions a /tmp of a bounded size, if this machine lets us."""
    tmp, own = home / "tmp", home / "tmp-of-the-emulator"
    for folder in (tmp, own):
        folder.mkdir(parents=True, exist_ok=True)
    mounted = []
    if _mount("-t", "tmpfs", "-o", f"size={SMALL_TMP_MB}m", "tmpfs", str(tmp)):
        mounted.append(tmp)
        # The emulator's own files are none of the product's.
        (tmp / "emulator").mkdir()
        if _mount("--bind", str(own), str(tmp / "emulator")):
            mounted.append(tmp / "emulator")
    try:
        yield
    finally:
        for folder in reversed(mounted):
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _mount(*words: str) -> bool:
    try:
        return subprocess.run(["mount", *words], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


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
