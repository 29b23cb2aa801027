"""`make smoke`, or `python -m smoke [--stage STAGE]`. Leaves with 1 if a render is not as it should be.

Writes, into one folder: results.json, the videos, the history of each execution as Step Functions tells it, and a plot.
"""

from __future__ import annotations

import json
import math
import re
import secrets
import sys
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path

import click

from sluice.failure import OperatorError
from sluice.paths import Project
from sluice.projects import pack_project
from smoke.compare import FFMPEG, difference
from smoke.execution import Run
from smoke.results import Result, judge, write
from smoke.target import Target, account_target, local_target
from tests.browser import layer_browser
from tests.composing import screening_of

_ROOT = Project.here().root
_CONFIG = {"fps": 30, "format": "mp4", "quality": "standard"}


def _numbers(_ctx: click.Context, _param: click.Parameter, text: str) -> list[int]:
    if not re.fullmatch(r"[1-9][0-9]{0,2}(,[1-9][0-9]{0,2})*", text):
        raise click.BadParameter("give numbers from 1, separated by commas, such as 1,2,4,8")
    return [int(count) for count in text.split(",")]


@click.command()
@click.option("--stage", help="Run against the stack sluice-STAGE of a real account, not on the local AWS.")
@click.option("--region", help="Of the account; else what boto3 finds.")
@click.option("--profile", help="Of the account; else what boto3 finds.")
@click.option(
    "--counts", callback=_numbers, default="1,2,4,8", show_default=True, help="Chunk counts, separated by commas."
)
@click.option(
    "--project",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=_ROOT / "examples" / "product-promo",
    help="The composition [default: examples/product-promo].",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=_ROOT / "build" / "smoke",
    help="Where results go [default: build/smoke].",
)
def main(
    *, stage: str | None, region: str | None, profile: str | None, counts: list[int], project: Path, out: Path
) -> None:
    """Render a composition through the deployed state machine, and compare each render with one of this process."""
    target = account_target(stage, region, profile) if stage else local_target()
    for folder in (out / "videos", out / "history"):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        results = _smoke(target, project, counts, out)
    except OperatorError as error:
        click.echo(f"smoke: {error.message}", err=True)
        sys.exit(error.exit_code)
    sys.exit(0 if all(result.passed for result in results) else 1)


def _smoke(opened: AbstractContextManager[Target], project: Path, counts: list[int], out: Path) -> list[Result]:
    with opened as target, tempfile.TemporaryDirectory(prefix="sluice-smoke-") as scratch:
        reference = out / "videos" / "in-process.mp4"
        total_frames = _render_here(project, Path(scratch), reference)
        click.echo(f"{project.name}, {total_frames} frames, on {target.name}")
        run = Run(target, f"smoke-{secrets.token_hex(4)}")
        results = []
        try:
            run.upload(pack_project(project, Path(scratch) / "project.tar.gz").path)
            for count in counts:
                results.append(_render_there(run, count, total_frames, reference, out))
                write(results, out)
        finally:
            run.clean()
    return results


def _render_here(project: Path, scratch: Path, video: Path) -> int:
    """As one chunk, by the same use cases; returns the number of frames."""
    screening = screening_of(project, scratch / "objects", FFMPEG, layer_browser())
    planned = screening.plan("in-process", **_CONFIG, maxParallelChunks=1)
    for index in range(planned.chunks):
        screening.render(planned, index)
    video.write_bytes(screening.assemble(planned))
    return int(planned.answer["TotalFrames"])


def _render_there(run: Run, count: int, total_frames: int, reference: Path, out: Path) -> Result:
    label = f"chunks-{count}"
    video = out / "videos" / f"{label}.mp4"
    config = {**_CONFIG, "chunkSize": math.ceil(total_frames / count), "maxParallelChunks": count}
    rendered = run.render(label, config, video)
    (out / "history" / f"{label}.json").write_text(json.dumps(rendered.history, indent=1, default=str) + "\n")
    result = judge(rendered, count, difference(video, reference))
    click.echo(result)
    return result


if __name__ == "__main__":
    main()
