"""`python -m sluice.lint`: cfn-lint on the template and statelint on the state machines, both as they are deployed.

The parts are not valid alone: the merge template names resources that Chalice writes, and a state machine's ARNs are
substitutions. cfn-lint alone misses a `Next` that leads nowhere; statelint finds it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from sluice.failure import OperatorError
from sluice.package import TEMPLATE_NAME, package
from sluice.paths import Project

_SUBSTITUTION = re.compile(r"\$\{([A-Za-z0-9]+)\}")


def substituted(definition: str) -> str:
    """A definition with a plausible ARN in each place of a substitution."""
    return _SUBSTITUTION.sub(r"arn:aws:lambda:us-east-1:000000000000:function:\1", definition)


def substitutions(definition: str) -> frozenset[str]:
    """The names that a definition wants substituted."""
    return frozenset(_SUBSTITUTION.findall(definition))


def lint_state_machine(path: Path) -> list[str]:
    """What statelint says about one definition."""
    from statelint.linter import Linter

    return [f"{path.name}: {problem}" for problem in Linter.validate(json.loads(substituted(path.read_text())))]


def lint_template(path: Path) -> list[str]:
    """What cfn-lint says about a packaged template, warnings included."""
    command = [sys.executable, "-c", "import sys; from cfnlint.runner import main; sys.exit(main())", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return [] if done.returncode == 0 else (done.stdout + done.stderr).strip().splitlines()


def problems(project: Project, folder: Path) -> Iterator[str]:
    """Everything wrong with the app packaged into `folder`."""
    packaged = package(project, folder, for_aws=False)
    yield from lint_template(packaged.folder / TEMPLATE_NAME)
    for path in sorted(project.state_machines.glob("*.asl.json")):
        yield from lint_state_machine(path)


def main() -> None:
    project = Project.here()
    try:
        found = list(problems(project, project.root / "build" / "lint"))
    except OperatorError as error:
        sys.exit(f"sluice: {error.message}")
    for problem in found:
        print(problem)
    if found:
        sys.exit(1)
    print("template and state machines: no problems")


if __name__ == "__main__":
    main()
