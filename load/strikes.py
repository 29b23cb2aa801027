"""What strikes, each for some seconds: processes are killed, services refuse, the network is slow, the disk is full.

A strike says how often it struck, as far as anybody can tell. `RELENTLESS` ones go on until an asset is errored by
them: they take more than every retry gives back.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from load.stage import Stage
from sluice.api_client import Json
from sluice.functionlogs import read
from sluice.processes import strays

# A cold start on a busy machine takes its time, and what is to be killed comes after it.
_SEARCH_S = 90.0
# The browser, unpacked, is a good part of it.
SMALL_TMP_MB = 1536
_RELENTLESS_S = 240.0
_RELENTLESS_PAUSE_S = 0.1
_LOOK_EVERY_S = 2.0
_FULL_S = (10.0, 90.0)
# What a function says whose write failed, and ffmpeg.
_NO_ROOM = ("disk-full", "No space left")


class FaultImpossible(Exception):
    """This machine does not let us do it."""


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
    """The functions' /tmp, which is small for it, is full until a write has failed, and then there is room again.

    Returns:
        How many lines of the functions' logs tell of it: a full disk that nobody wrote to is no strike.
    """
    tmp = stage.local.home.tmp
    if not tmp.is_mount():
        raise FaultImpossible("a small /tmp takes the right to mount")
    # Before there is work: on a machine that is quick, all of it is written within a second.
    time.sleep(chance.uniform(0, 1))
    since_ms = time.time_ns() // 1_000_000
    shortest_s, longest_s = _FULL_S
    started = time.monotonic()
    failed = 0
    while time.monotonic() - started < (shortest_s if failed else longest_s):
        _fill(tmp / "ballast")
        time.sleep(_LOOK_EVERY_S)
        failed = _failed_writes(stage, since_ms)
    (tmp / "ballast").unlink()
    # A log comes when its invocation has ended.
    time.sleep(_LOOK_EVERY_S)
    return _failed_writes(stage, since_ms)


def _fill(ballast: Path) -> None:
    """At once, for work on a quick machine takes seconds. What was deleted meanwhile leaves no room either."""
    with ballast.open("ab") as file, contextlib.suppress(OSError):
        if free := shutil.disk_usage(ballast.parent).free:
            os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), free)
        while True:
            file.write(bytes(64 * 1024))
            file.flush()


def _failed_writes(stage: Stage, since_ms: int) -> int:
    lines = read(stage.clients.logs, "/aws/lambda/", since_ms=since_ms, wanted=None)
    return sum(any(word in line.message for word in _NO_ROOM) for line in lines)


def relentless(act: Callable[[Stage], int]) -> Strike:
    """A strike that does it again and again from when an asset is in the works until one is errored."""

    def strike(stage: Stage, _chance: random.Random) -> int:
        until = time.monotonic() + _RELENTLESS_S
        struck, looked = 0, 0.0
        _await_work(stage)
        while time.monotonic() < until:
            struck += act(stage)
            if time.monotonic() - looked > _LOOK_EVERY_S:
                looked = time.monotonic()
                if _assets(stage, "errored"):
                    return struck
            time.sleep(_RELENTLESS_PAUSE_S)
        return struck

    return strike


def _await_work(stage: Stage) -> None:
    """Until an asset is in the works: nothing meets what comes before."""
    until = time.monotonic() + _SEARCH_S
    while time.monotonic() < until and not _assets(stage, "preparing"):
        time.sleep(_RELENTLESS_PAUSE_S)


def _assets(stage: Stage, status: str) -> list[Json]:
    found: list[Json] = stage.call("GET", f"/v1/assets?status={status}")["data"]
    return found


def killing_every(words: tuple[str, ...]) -> Callable[[Stage], int]:
    """Kills all processes of this home whose command line has one of the words."""

    def kill(stage: Stage) -> int:
        found = list(_processes(stage, words))
        for process in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        return len(found)

    return kill


def strike_outage(stage: Stage, chance: random.Random) -> int:
    """S3 refuses every function's requests until an asset is errored."""
    path = faults_file(stage.local.home.root)

    def refuse(_stage: Stage) -> int:
        if path.exists():
            return 0
        path.write_text(json.dumps({"refused": {"s3": 1.0}}))
        return 1

    try:
        return relentless(refuse)(stage, chance)
    finally:
        path.unlink(missing_ok=True)


STRIKES: dict[str, Strike] = {
    "emulator": strike_emulator,
    "worker": killing(("sandbox.py", "runtime.py"), 4),
    "ffmpeg": killing(("ffmpeg",), 4),
    "chromium": killing(("chrom", "headless_shell"), 3),
    "throttle": hindering({"refused": {"s3": 0.5, "dynamodb": 0.5}}, 20),
    "network": hindering({"delay_ms": [50, 400], "bytes_per_s": 200_000}, 20),
    "disk": strike_disk,
    "every ffmpeg": relentless(killing_every(("ffmpeg",))),
    "outage of S3": strike_outage,
}
RELENTLESS = frozenset({"every ffmpeg", "outage of S3"})


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
