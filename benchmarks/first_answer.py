"""From nothing to the first answer of the API: `sluice up` on an empty home, set-up done. Goal: under 15 s."""

from __future__ import annotations

import time

import httpx

from benchmarks.measure import Figure, empty_stage

RUNS = 3


def _from_nothing() -> tuple[float, float]:
    """Seconds to the first 200 on an empty home, and again after a `down`."""
    with empty_stage() as stage:
        started = time.perf_counter()
        httpx.get(stage.up()["url"] + "/v1/health", timeout=30).raise_for_status()
        first = time.perf_counter() - started
        stage.sluice("down", "--quiet")
        started = time.perf_counter()
        httpx.get(stage.up()["url"] + "/v1/health", timeout=30).raise_for_status()
        return first, time.perf_counter() - started


def main() -> None:
    runs = [_from_nothing() for _ in range(RUNS)]
    print(Figure("empty home to the first API answer", [first for first, _ in runs]))
    print(Figure("the same home again, after `sluice down`", [again for _, again in runs]))
