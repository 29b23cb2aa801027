"""`make bench`: every short benchmark; `python -m benchmarks NAME` runs those named."""

from __future__ import annotations

import sys

from benchmarks import (
    api_overhead,
    cold_import,
    compositions,
    cost_per_minute,
    encoder_settings,
    first_answer,
    long_title,
    playable,
    publish_against_ffmpeg,
    publish_cpu,
    shaka_streamer,
    two_workers,
)
from benchmarks.measure import machine

ALL = {
    "cold_import": cold_import.main,
    "api_overhead": api_overhead.main,
    "first_answer": first_answer.main,
    "playable": playable.main,
    "publish_against_ffmpeg": publish_against_ffmpeg.main,
    "publish_cpu": publish_cpu.main,
    "two_workers": two_workers.main,
    "cost_per_minute": cost_per_minute.main,
    "long_title": long_title.main,
    "shaka_streamer": shaka_streamer.main,
}
ON_REQUEST = {
    "compositions": compositions.main,
    "encoder_settings": encoder_settings.main,
}
"""Long: only by name."""


def main() -> None:
    wanted = sys.argv[1:] or list(ALL)
    unknown = [name for name in wanted if name not in ALL | ON_REQUEST]
    if unknown:
        sys.exit(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(ALL | ON_REQUEST)}")
    for name in wanted:
        print(f"\n{name}: {machine()}", flush=True)
        (ALL | ON_REQUEST)[name]()


if __name__ == "__main__":
    main()
