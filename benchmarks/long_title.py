"""Assemble of a 2-hour title, from receipts without media. Goal: under 2 s and 256 MB, a small Lambda function's share.

Receipts and plan are synthetic; objects are files. Measured in a fork of its own, so that its memory is its own. Beside
it Plan of a film, which is not synthetic: the download, the probe, one demuxing pass and two trial decodes. Goal: 1 s.
"""

from __future__ import annotations

import multiprocessing
import resource
import tempfile
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.measure import FFMPEG, Figure, seconds
from benchmarks.publish_cpu import make_film
from chalicelib.catalog import keys
from chalicelib.media.plan import plan_bytes, plan_hash
from chalicelib.media.receipt import receipt_bytes
from tests.publication import NTSC, publish_plan, receipts_of, video_plan
from tests.workshop import Workshop

RUNS = 5
HOURS = 2
FILM_SECONDS = 60


def store_receipts(workshop: Workshop) -> str:
    """As if every chunk had been rendered; the plan's hash."""
    made = replace(publish_plan(video_plan(int(HOURS * 3600 * NTSC))), asset_id=workshop.asset.id)
    digest, bucket = plan_hash(made), workshop.settings.source_bucket
    workshop.objects.write(bucket, keys.plan_key(made.asset_id, digest), plan_bytes(made))
    for receipt in receipts_of(made):
        key = keys.receipt_key(made.asset_id, digest, receipt.index)
        workshop.objects.write(bucket, key, receipt_bytes(receipt))
    return digest


def assemble(workshop: Workshop, digest: str, answer: Connection) -> None:
    """In a fork: seconds, and megabytes at its largest."""
    took = seconds(lambda: workshop.assemble(digest))
    answer.send((took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def main() -> None:
    context = multiprocessing.get_context("fork")
    times, sizes = [], []
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name:
        scratch = Path(name)
        film = make_film(scratch / "film.mp4", FILM_SECONDS)
        workshop = Workshop(scratch / "objects", film, FFMPEG)
        digest = store_receipts(workshop)
        for _ in range(RUNS):
            ours, theirs = context.Pipe()
            process = context.Process(target=assemble, args=(workshop, digest, theirs))
            process.start()
            took, whole = ours.recv()
            process.join()
            times.append(took)
            sizes.append(whole)
        workshop.plan()  # the source comes to this worker's disk
        plans = [seconds(workshop.plan) for _ in range(RUNS)]
    print(Figure(f"Assemble, {HOURS} h, 3 renditions and sound", times))
    print(f"{'its largest resident size':<44} {max(sizes):7.0f} MB")
    print(Figure(f"Plan of a film of {FILM_SECONDS} s, source on the disk", plans))
