"""A wheel carries what `sluice deploy` packages beside its code; everything else about it is in pyproject.toml."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
# What `sluice.bundle` puts together again, with `chalicelib`, which is in the wheel as it is.
SOURCES = ("app.py", "requirements.txt", ".chalice", "stepfunctions")
NOT_SOURCES = ("__pycache__", "deployments", "deployed", "venv", "vendor", "node_modules")


class BuildWithSources(build_py):
    """Python files, and the sources of a deployment under sluice/bundled."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / "sluice" / "bundled"
        shutil.rmtree(target, ignore_errors=True)
        for name in SOURCES:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns(*NOT_SOURCES))
            else:
                shutil.copyfile(ROOT / name, target / name)


setup(cmdclass={"build_py": BuildWithSources})
