"""A wheel deploys what the checkout that it was built from deploys."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest

from sluice.package import fingerprint
from sluice.paths import Project

_ROOT = Project.here().root
_SOURCES = ("sluice", "chalicelib", "stepfunctions", ".chalice")
_FILES = ("app.py", "setup.py", "pyproject.toml", "LICENSE", "requirements.txt", "requirements-tools.txt")
# Of other environments: the emulator's own, the linters, and the library of Python 3.14.
_ELSEWHERE = {"ministack", "cfnlint", "statelint", "compression"}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pip has put a freshly built wheel, without what it asks for."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("installed")
    ignored = shutil.ignore_patterns("__pycache__", "deployments", "deployed", "vendor", "node_modules")
    for name in _SOURCES:
        shutil.copytree(_ROOT / name, source / name, ignore=ignored)
    for name in _FILES:
        shutil.copyfile(_ROOT / name, source / name)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


def test_the_wheel_packages_the_same_app(installed: Path, tmp_path: Path) -> None:
    """Its sources have the fingerprint of the checkout's, on which alone the package depends."""
    code = (
        "import sluice.paths, sluice.package as p; here = sluice.paths.Project.here();"
        "digest = p.fingerprint(here, stage='dev', layers_sha256='');"
        "print(here.root, digest, here.web.joinpath('index.html').is_file())"
    )
    environ = {"PYTHONPATH": str(installed), "XDG_DATA_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    root, digest, has_page = done.stdout.split()
    assert root.startswith(str(tmp_path / "sluice" / "0."))
    assert digest == fingerprint(Project.here(), stage="dev", layers_sha256="")
    assert has_page == "True"


def test_the_wheel_asks_for_all_that_it_imports(installed: Path) -> None:
    """Every package that the code names comes with it, so an empty environment is enough."""
    (metadata,) = installed.glob("*.dist-info/METADATA")
    asked = _with_theirs(re.findall(r"^Requires-Dist: ([\w.-]+)", metadata.read_text(), re.MULTILINE))
    of_module = packages_distributions()
    for path in sorted((_ROOT / "sluice").rglob("*.py")):
        if "inside" in path.parts:
            continue
        for module in _imported(path) - sys.stdlib_module_names - {"sluice", "chalicelib"} - _ELSEWHERE:
            if not module.startswith("mypy_boto3"):
                assert asked & set(map(_normal, of_module.get(module, ()))), f"{path.name} imports {module}"


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _with_theirs(names: Iterable[str]) -> set[str]:
    """Distributions, and all that they ask for in every case."""
    found: set[str] = set()
    left = set(map(_normal, names))
    while left:
        name = left.pop()
        found.add(name)
        with suppress(PackageNotFoundError):
            asked = [line for line in requires(name) or () if "extra ==" not in line]
            left |= {_normal(re.match(r"[\w.-]+", line)[0]) for line in asked} - found  # type: ignore[index]
    return found


def _imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found
