"""`make load` and `make faults`, or `python -m load publishes|faults`.

Leaves with 1 if anything was lost or done twice.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from load import evidence, faults, policies, strikes
from load.publishes import run
from load.results import write_faults, write_load
from load.stage import FAULTS_VARIABLE, running_stage
from sluice.failure import OperatorError
from sluice.paths import Local, Project
from tests.e2e.clips import FFMPEG, clip
from tests.fixtures.compositions import make_project

_ROOT = Project.here().root
_OUT = click.Path(path_type=Path, file_okay=False)
_SEED = click.option("--seed", default=1, show_default=True, help="Of everything that is left to chance.")
_WITHIN = click.option("--within", "within_s", default=1800.0, show_default=True, help="Seconds until work is stuck.")


@click.group()
def main() -> None:
    """Load and faults, on the local AWS of SLUICE_HOME."""


@main.command()
@click.option("--assets", default=200, show_default=True, help="How many videos.")
@click.option("--function-limit", default=0, help="Most environments of each function; 0 for no limit of ours.")
@_SEED
@_WITHIN
@click.option("--out", type=_OUT, default=_ROOT / "build" / "load", help="Where results go [default: build/load].")
def publishes(*, assets: int, function_limit: int, seed: int, within_s: float, out: Path) -> None:
    """Upload and publish many tiny videos at once, with events repeated and out of order."""
    with _told(), tempfile.TemporaryDirectory(prefix="sluice-load-") as scratch, running_stage() as stage:
        video = clip(Path(scratch) / "clip.mp4", seconds=1, size="320x180").read_bytes()
        if function_limit:
            stage.limit_functions(function_limit)
        found = run(stage, assets, video, seed, within_s=within_s)
    click.echo(write_load(found, out))
    sys.exit(0 if found.passed else 1)


@main.command(name="faults")
@click.option("--kinds", default=",".join(strikes.STRIKES), show_default=True, help="Separated by commas.")
@click.option("--rounds", default=2, show_default=True, help="Of each kind.")
@click.option("--videos", default=4, show_default=True, help="In flight in each round.")
@click.option("--renders", default=2, show_default=True, help="In flight in each round.")
@_SEED
@click.option("--within", "within_s", default=400.0, show_default=True, help="Seconds until work is stuck.")
@click.option("--out", type=_OUT, default=_ROOT / "build" / "faults", help="Where results go [default: build/faults].")
def strike(*, kinds: str, rounds: int, videos: int, renders: int, seed: int, within_s: float, out: Path) -> None:
    """Kill and hinder what works on videos and renders, in a home of its own."""
    found: list[faults.Round] = []
    with _told(), tempfile.TemporaryDirectory(prefix="sluice-faults-") as scratch:
        folder = Path(scratch)
        work = faults.Work(
            videos,
            clip(folder / "clip.mp4", seconds=6, size="640x360").read_bytes(),
            renders,
            make_project("css-animation", folder, FFMPEG),
        )
        home = folder / "home"
        os.environ |= {"SLUICE_HOME": str(home), FAULTS_VARIABLE: str(strikes.faults_file(home))}
        with strikes.small_tmp(Local.from_env().home.root), running_stage() as stage:
            for kind in kinds.split(","):
                for number in range(rounds):
                    try:
                        found.append(faults.run_round(stage, kind, seed + number, work, within_s=within_s))
                    except strikes.FaultImpossible as error:
                        click.echo(f"{kind}: not run, {error}")
                        break
                    click.echo(found[-1])
                    write_faults(found, out)
    click.echo(write_faults(found, out))
    sys.exit(0 if all(each.passed for each in found) else 1)


@main.command(name="policies")
@click.argument("noted", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--evidence", "kept", type=click.Path(path_type=Path, dir_okay=False), help="Where few calls are kept.")
def prove_policies(*, noted: Path, kept: Path | None) -> None:
    """Say which actions of the policies were needed, by what SLUICE_EMULATOR_PERMISSIONS has noted."""
    folder = _ROOT / ".chalice" / "policies"
    documents = {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}
    decisions = policies.read_decisions(noted)
    if kept:
        evidence.write_calls(kept, evidence.chosen(decisions, documents))
    found = {each: policies.prove(each, decisions) for each in policies.permissions(documents)}
    for proof in policies.Proof:
        click.echo(f"{proof}: {sum(each is proof for each in found.values())}")
    for permission, proof in found.items():
        if proof in (policies.Proof.SHARED, policies.Proof.UNSEEN):
            click.echo(f"  {proof:<7} {permission.function:<12} {permission.sid:<24} {permission.action}")
    wrong = policies.refused(decisions, documents)
    for each in wrong:
        click.echo(f"  refused {each.role} {each.action} {each.resource}")
    sys.exit(1 if wrong or policies.Proof.SHARED in found.values() else 0)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OperatorError as error:
        click.echo(f"load: {error.message}", err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
