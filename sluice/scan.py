"""`make scan`: checkov on the packaged template, each finding mended or answered. Run as `python -m sluice.scan`.

The workflow of CI is held against GitHub's schema by the way.

checkov brings a hundred packages of its own, so it lives in an environment of its own, build/scan-venv. The answers are
in `.chalice/scan.yaml`. Both ways must agree: a finding without an answer is a problem, and so is an answer to nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from sluice.failure import MissingRequirement, OperatorError
from sluice.package import TEMPLATE_NAME, package
from sluice.paths import Project

_TOOLS = ("checkov==3.3.30", "check-jsonschema==0.39.0")
Finding = tuple[str, str]
"""A check, and the logical id of the resource that fails it."""


def answers(project: Project) -> dict[Finding, str]:
    """The reason for each finding that is left as it is.

    Raises:
        OperatorError: If one is answered twice.
    """
    found: dict[Finding, str] = {}
    for check, entries in yaml.safe_load((project.root / ".chalice" / "scan.yaml").read_text()).items():
        for entry in entries:
            for resource in entry["resources"]:
                if (check, resource) in found:
                    raise OperatorError(f"{check} of {resource} is answered twice in .chalice/scan.yaml")
                found[check, resource] = str(entry["reason"])
    return found


def findings(report: Any) -> set[Finding]:
    """What failed, out of checkov's report in JSON."""
    parts = report if isinstance(report, list) else [report]
    return {
        (failed["check_id"], failed["resource"].rpartition(".")[2])
        for part in parts
        for failed in part["results"]["failed_checks"]
    }


def problems(found: Iterable[Finding], answered: Iterable[Finding]) -> list[str]:
    """Findings without an answer, and answers without a finding."""
    found, answered = set(found), set(answered)
    new = [f"{check} of {resource}: mend it, or answer it" for check, resource in sorted(found - answered)]
    stale = [f"{check} of {resource}: answered, but not found" for check, resource in sorted(answered - found)]
    return new + stale


def _tools(project: Project) -> Path:
    """Where the programs are; installed on the first call."""
    folder = project.root / "build" / "scan-venv"
    stamp, wanted = folder / "installed", " ".join(_TOOLS)
    if not (stamp.is_file() and stamp.read_text() == wanted):
        print(f"installing {wanted} ...", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        command = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *_TOOLS]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise MissingRequirement(f"{wanted} could not be installed: {done.stderr[-500:]}")
        stamp.write_text(wanted)
    return folder / "bin"


def _workflows(tools: Path, project: Project) -> list[str]:
    files = sorted(str(path) for path in (project.root / ".github" / "workflows").glob("*.yml"))
    command = [str(tools / "check-jsonschema"), "--builtin-schema", "vendor.github-workflows", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return [] if done.returncode == 0 else (done.stdout + done.stderr).strip().splitlines()


def scan(project: Project) -> list[str]:
    """Package, and ask the tools; offline, by the rules that they carry.

    Raises:
        OperatorError: If it could not be asked.
    """
    packaged = package(project, project.root / "build" / "lint", for_aws=False)
    tools = _tools(project)
    options = ("--framework", "cloudformation", "--skip-download", "--quiet", "--compact", "--output", "json")
    command = [str(tools / "checkov"), "--file", str(packaged.folder / TEMPLATE_NAME), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        report = json.loads(done.stdout)
    except json.JSONDecodeError as error:
        raise OperatorError(f"checkov did not report: {done.stderr[-500:]}") from error
    return problems(findings(report), answers(project)) + _workflows(tools, project)


def main() -> None:
    try:
        found = scan(Project.here())
    except OperatorError as error:
        sys.exit(f"sluice: {error.message}")
    for problem in found:
        print(problem)
    if found:
        sys.exit(1)
    print("the workflow is valid, and every finding of checkov is answered in .chalice/scan.yaml")


if __name__ == "__main__":
    main()
