"""Many renders from one file: a JSON object per line, a few at a time, each independent of the others.

A line holds `dir`, `out` (optional) and the fields of POST /v1/renders. Every line is checked before the first render
begins. Paths are relative to the current folder, as on a command line.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from sluice.api_client import Api, Json
from sluice.failure import OperatorError
from sluice.rendering import Job, Told, job_of, render_project

OPTIONS = (
    "composition",
    "variables",
    "width",
    "height",
    "fps",
    "format",
    "codec",
    "quality",
    "crf",
    "bitrate",
    "frame",
    "frame_range",
    "chunk_frames",
    "max_parallel",
    "max_cost_usd",
    "webhook",
)


class BatchUnfit(OperatorError):
    """A line of the file is no job."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one line. `render` is None if it could not even be started; `problem` is empty on success."""

    line: int
    job: Job
    render: Json | None
    problem: str

    def as_json(self) -> Json:
        return {
            "line": self.line,
            "dir": str(self.job.folder),
            "out": str(self.job.out),
            "ok": not self.problem,
            "problem": self.problem or None,
            "render": self.render,
        }


def read_batch(path: Path) -> list[tuple[int, Job]]:
    """The jobs with their line numbers, from 1; empty lines are passed over.

    Raises:
        BatchUnfit: Names the line and what is wrong with it.
    """
    jobs = [(number, _job(path, number, text)) for number, text in enumerate(_lines(path), 1) if text.strip()]
    if not jobs:
        raise BatchUnfit(f"{path} holds no job")
    outs: dict[Path, int] = {}
    for number, job in jobs:
        other = outs.setdefault(Path(job.out or "").resolve(), number)
        if other != number:
            raise BatchUnfit(f"{path}, line {number}: line {other} writes the same file, {job.out}")
    return jobs


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise BatchUnfit(f"{path} is not UTF-8 text") from error


def _job(path: Path, number: int, text: str) -> Job:
    where = f"{path}, line {number}"
    try:
        fields = json.loads(text)
    except ValueError as error:
        raise BatchUnfit(f"{where}: not JSON") from error
    if not isinstance(fields, dict) or not isinstance(fields.get("dir"), str):
        raise BatchUnfit(f'{where}: expected an object with "dir"')
    unknown = sorted(fields.keys() - {"dir", "out", *OPTIONS})
    if unknown:
        raise BatchUnfit(f"{where}: there is no option {unknown[0]}")
    folder = Path(fields["dir"])
    if not folder.is_dir():
        raise BatchUnfit(f"{where}: {folder} is not a folder")
    options = {name: fields[name] for name in OPTIONS if fields.get(name) is not None}
    if not isinstance(fields.get("out", ""), str):
        raise BatchUnfit(f'{where}: "out" is not a path')
    try:
        return job_of(folder, Path(fields["out"]) if fields.get("out") else None, options)
    except OperatorError as error:
        raise BatchUnfit(f"{where}: {error.message}") from error


def run_batch(
    api: Api, jobs: Sequence[tuple[int, Job]], *, at_once: int, announce: Callable[[Outcome], None]
) -> list[Outcome]:
    """Render every job, at most `at_once` side by side; on Ctrl-C cancel those under way and begin no other.

    Args:
        announce: Called in this thread as each one ends.

    Returns:
        One outcome per job, in the order of the jobs.
    """
    stop = threading.Event()
    outcomes: list[Outcome] = []
    with ThreadPoolExecutor(at_once) as threads:
        running = {threads.submit(_run, api, number, job, stop) for number, job in jobs}

        def gather() -> None:
            while running:
                for ended in wait(running, return_when=FIRST_COMPLETED).done:
                    running.discard(ended)
                    outcomes.append(ended.result())
                    announce(outcomes[-1])

        try:
            gather()
        except KeyboardInterrupt:
            stop.set()
            gather()
    return sorted(outcomes, key=lambda outcome: outcome.line)


def _run(api: Api, number: int, job: Job, stop: threading.Event) -> Outcome:
    if stop.is_set():
        return Outcome(number, job, None, "not begun")
    try:
        silent = Told(lambda _: lambda _: None, lambda _: None)
        render = render_project(api, job, silent, stopping=stop.is_set)
    except OperatorError as error:
        return Outcome(number, job, None, error.message)
    errors = "; ".join(f"{error['code']}: {error['message']}" for error in render["errors"])
    return Outcome(number, job, render, "" if render["status"] == "succeeded" else errors or render["status"])
