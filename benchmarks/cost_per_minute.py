"""US dollars a minute of our 1080p ladder on Lambda, beside MediaConvert's list price of the same outputs.

Measured is processor time: Plan, every task (chunks of picture, the sound) and Assemble run by the real use cases, each
in a process of its own, with objects as files. What Lambda would bill is computed: the render function has its
memory / 1769 MB processors, so a chunk of picture takes its processor time divided by that; the other steps are of one
thread. A vCPU of Lambda is taken for as fast as a core of this machine, and the time that a worker waits for S3 is not
in it. Transitions are counted in the state machines, PUT requests by what was written. Left out: the API, ingest,
events, the early copy, storage and delivery.

MediaConvert is billed by the minute of each output: basic tier, AVC in one pass, 30 frames a second, one output a rung.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

from benchmarks.measure import FFMPEG, ROOT
from benchmarks.publish_cpu import DEFAULT_CUT, make_film, spent
from chalicelib.catalog.encoder_choice import mediaconvert_usd
from chalicelib.catalog.prices import DEFAULT_REGION, PRICED_ON, prices_of
from chalicelib.media.plan import Plan
from chalicelib.usecases.plan import load_plan
from tests.workshop import Planned, Workshop

CLIP_SECONDS = 60
MB_PER_VCPU = 1769
"""AWS Lambda Developer Guide, "Configure Lambda function memory"."""
FREE_DISK_MB = 512
S3_PUT_USD = Fraction("0.000005")
"""us-east-1, S3 Standard, from the same Price List as in catalog/prices.py."""
PUBLISH_STATES = 10
"""Probe, StartEarly, MoreToCopy, GrowEarly, ChooseEncoder, Render, ValidateOutputs, ChooseArchive, ChoosePackaging,
Ready."""
PUBLISH_INVOCATIONS = 4
"""Probe, StartEarly, ValidateOutputs, Ready; their time is left out."""
RENDER_STATES = 4
"""Plan, CountChunks, the Map and Assemble; each task is one more."""


@dataclass(frozen=True, slots=True)
class Step:
    """One invocation of the render function; `is_parallel` if it keeps every processor busy, as encoders do."""

    name: str
    cpu_s: float
    is_parallel: bool = False

    def billed_s(self, memory_mb: int) -> float:
        """A step of one thread is not faster on 1.7 vCPUs, and pays for them all the same."""
        vcpus = memory_mb / MB_PER_VCPU
        return self.cpu_s / (vcpus if self.is_parallel else min(1.0, vcpus))


def render_function() -> tuple[int, int]:
    """Megabytes of memory, as it is deployed, and of disk, as the template has it."""
    config = json.loads((ROOT / ".chalice" / "config.json").read_text())
    return int(config["lambda_functions"]["render"]["lambda_memory_size"]), 10240


def measured(workshop: Workshop) -> Iterator[Step]:
    """Publish once, in as many processes as there are invocations."""
    yield Step("Plan", spent(lambda: _plan(workshop)).cpu)
    # Once more in this process, whose table the tasks need.
    planned = _plan(workshop)
    pictures = plan_of(workshop, planned).video_tasks
    for task in planned.tasks:
        is_picture = task < pictures
        cpu_s = spent(partial(workshop.render, planned.digest, task)).cpu
        yield Step(f"chunk {task}" if is_picture else "sound", cpu_s, is_picture)
    yield Step("Assemble", spent(partial(workshop.assemble, planned.digest)).cpu)


def plan_of(workshop: Workshop, planned: Planned) -> Plan:
    return load_plan(workshop.asset.id, planned.digest, workshop.objects, workshop.settings)


def _plan(workshop: Workshop) -> Planned:
    return workshop.plan()


def main() -> None:
    memory_mb, disk_mb = render_function()
    prices = prices_of(DEFAULT_REGION)
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name:
        scratch = Path(name)
        film = make_film(scratch / "film.mp4", CLIP_SECONDS, "1920x1080")
        workshop = Workshop(scratch / "publish", film, FFMPEG, **asdict(DEFAULT_CUT))
        steps = list(measured(workshop))
        video = plan_of(workshop, workshop.plan()).video
        heights = [rung.height for rung in video.renditions] if video else []
        source = workshop.objects.path(workshop.asset.source_bucket, workshop.asset.source_key)
        written = [path for path in workshop.objects.folder.rglob("*") if path.is_file() and path != source]
        size_mb = sum(path.stat().st_size for path in written) / 1e6
    for step in steps:
        billed_s = step.billed_s(memory_mb)
        print(f"  {step.name:<10} {step.cpu_s:7.2f} s of processor, {billed_s:7.2f} s billed")
    billed_s = sum(step.billed_s(memory_mb) for step in steps)
    transitions = PUBLISH_STATES + RENDER_STATES + len(steps) - 2
    invocations = PUBLISH_INVOCATIONS + len(steps)
    bill = {
        f"memory ({memory_mb} MB)": prices.lambda_x86_gb_s * Fraction(billed_s) * memory_mb / 1024,
        f"disk ({disk_mb} MB)": prices.disk_gb_s * Fraction(billed_s) * (disk_mb - FREE_DISK_MB) / 1024,
        f"{transitions} transitions": prices.transition * transitions,
        f"{invocations} invocations": prices.invocation * invocations,
        f"{len(written)} PUT requests": S3_PUT_USD * len(written),
    }
    minutes = Fraction(CLIP_SECONDS, 60)
    ours = sum(bill.values()) / minutes
    theirs = mediaconvert_usd(Fraction(CLIP_SECONDS), Fraction(30), heights) / minutes
    print(f"{CLIP_SECONDS} s of 1080p at 30 frames a second, rungs {heights}, {size_mb:.1f} MB written")
    print(f"processor time, a minute                     {sum(step.cpu_s for step in steps) / float(minutes):9.1f} s")
    print(f"by the prices of {DEFAULT_REGION}, {PRICED_ON}, a minute:")
    for what, usd in bill.items():
        print(f"  {what:<42} ${float(usd / minutes):.6f}")
    print(f"ours                                         ${float(ours):.6f}")
    print(f"MediaConvert                                 ${float(theirs):.6f}")
    print(f"ours / MediaConvert                          {float(ours / theirs):9.2f} x")


if __name__ == "__main__":
    main()
