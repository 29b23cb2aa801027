"""What the first `sluice up` would otherwise spend minutes on: fetched once, at the end of the set-up.

The emulator's virtual environment, the layer, the app's dependencies, the page's files. Each is kept by what it depends
on, so a second run costs a second, and `sluice up` makes again whatever has changed since. Run as
`python -m sluice.prepare`.
"""

from __future__ import annotations

import sys

from sluice import webassets
from sluice.emulator import venv
from sluice.failure import OperatorError
from sluice.only_one import only_one
from sluice.package import package
from sluice.paths import Local, Project
from sluice.report import Report


def bring_page_files(project: Project) -> None:
    """Make web/vendor complete.

    Raises:
        NpmFailed: If the packages can not be had.
    """
    if (project.web / "package.json").is_file():
        with only_one(project, "page"):
            webassets.ensure(project)


def prepare(local: Local, report: Report) -> None:
    """Bring everything that does not depend on the app's own code.

    Raises:
        OperatorError: Names what could not be had.
    """
    with report.step("the local AWS"):
        venv.ensure(local.emulator_venv)
    with report.step("page"):
        bring_page_files(local.project)
    with report.step("layer and dependencies"):
        package(local.project, local.home.package, for_aws=False)


def main() -> None:
    try:
        prepare(Local.from_env(), Report(stream=sys.stdout))
    except OperatorError as error:
        sys.exit(f"sluice: {error.message}")


if __name__ == "__main__":
    main()
