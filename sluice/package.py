"""Packaging: the app, its template, state machines and layers in one folder, for AWS and for the local AWS alike.

`chalice package` does the work; the folder is then made whole (every file that the template names lies beside it).
It is kept when nothing it depends on has changed. Invariant: what is deployed locally is built by the same call as
what is deployed to AWS; only the Python that AWS would run differs, and that is refused when it is too old.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import yaml

from sluice import webassets
from sluice.access import settle_access
from sluice.build_layers import build_layers
from sluice.clients import REGION
from sluice.dependencies import DependencyCache
from sluice.failure import PackagingFailed
from sluice.only_one import only_one
from sluice.paths import Project
from sluice.processes import clean_environ
from sluice.template import Document, local_files, read_template, write_template

TEMPLATE_NAME = "sam.json"
_RECORD_NAME = ".sluice-package.json"
# Below this Chalice takes wheels for glibc 2.26 only and builds the rest without native parts: broken on Lambda.
_OLDEST_FOR_AWS = (3, 12)
CHALICE = "import sys; from chalice.cli import main; sys.exit(main())"
_APP_FOLDERS = ("chalicelib", "vendor", "stepfunctions", ".chalice")
_APP_FILES = ("app.py", "requirements.txt")
_NOT_INPUTS = frozenset({"__pycache__", "deployments", "deployed", "venv"})


@dataclass(frozen=True, slots=True)
class Package:
    """A packaged app.

    Attributes:
        folder: Holds the template and every file that it names.
        fingerprint: Digest of everything that the package was made from.
        fresh: Whether this call made it.
    """

    folder: Path
    fingerprint: str
    fresh: bool

    @property
    def template(self) -> Document:
        return read_template(self.folder / TEMPLATE_NAME)


def _inputs(project: Project) -> Iterator[Path]:
    for name in _APP_FILES:
        yield project.root / name
    for name in _APP_FOLDERS:
        for path in sorted((project.root / name).rglob("*")):
            # What npm brings for the page follows from its lock file, and is there once the first package was made.
            brought = path.is_relative_to(project.web / "vendor")
            if path.is_file() and not brought and not _NOT_INPUTS.intersection(path.relative_to(project.root).parts):
                yield path


def fingerprint(project: Project, *, stage: str, layers_sha256: str, access: Mapping[str, str] | None = None) -> str:
    """Digest of what a package depends on."""
    digest = hashlib.sha256()
    code = (Path(__file__).read_bytes(), Path(settle_access.__code__.co_filename).read_bytes())
    own = (*code, stage.encode(), layers_sha256.encode(), json.dumps(access or {}, sort_keys=True).encode())
    for fact in (*own, version("chalice").encode(), platform.python_version().encode()):
        digest.update(hashlib.sha256(fact).digest())
    for path in _inputs(project):
        if path.is_file():
            digest.update(str(path.relative_to(project.root)).encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _run_chalice(project: Project, out: Path, stage: str, access: Mapping[str, str]) -> Document:
    command = [sys.executable, "-c", CHALICE, "package", "--stage", stage]
    if project.merge_template.is_file():
        command += ["--merge-template", str(project.merge_template)]
    environ = clean_environ(AWS_DEFAULT_REGION=REGION, AWS_EC2_METADATA_DISABLED="true", **access)
    done = subprocess.run(
        [*command, str(out)], cwd=project.root, env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = [line.strip() for line in (done.stderr.strip() or done.stdout.strip()).splitlines()]
        where = next((line for line in reversed(lines) if line.startswith("File ")), "")
        raise PackagingFailed(f"chalice package failed: {lines[-1] if lines else 'no output'}  {where}".rstrip())
    if "Could not install dependencies" in done.stdout + done.stderr:
        raise PackagingFailed("chalice package could not install the dependencies: " + done.stdout.strip())
    written = out / "sam.yaml" if (out / "sam.yaml").is_file() else out / "sam.json"
    template: Document = yaml.safe_load(written.read_text())
    return template


def _gather(template: Document, project: Project, chalice_out: Path, out: Path) -> Document:
    """Copy every local file that the template names to `out`, and name it there."""
    for resource, name, value in local_files(template):
        # Chalice writes paths relative to its output; those of the merge template are relative to that template,
        # which is one folder below the root, as `out/` is.
        places = (chalice_out, project.merge_template.parent, project.root)
        found = next((path for place in places if (path := (place / value).resolve()).is_file()), None)
        if found is None:
            raise PackagingFailed(f"{resource.logical_id}.{name} names {value}, which is not there")
        target = out / found.name
        if not target.exists():
            shutil.copyfile(found, target)
        resource.properties[name] = f"./{target.name}"
    return template


def check_python_for_aws(version_info: tuple[int, int]) -> None:
    """Refuse a Python whose package would not work on Lambda."""
    if version_info < _OLDEST_FOR_AWS:
        found = ".".join(map(str, version_info))
        raise PackagingFailed(
            f"a package for AWS needs Python 3.12 or newer (this is {found}, for which Chalice drops native parts); "
            "make the environment with a newer one: make setup PYTHON=python3.13"
        )


def package(
    project: Project,
    out: Path,
    *,
    stage: str = "dev",
    for_aws: bool = True,
    access: Mapping[str, str] | None = None,
) -> Package:
    """Package the app into `out`, or keep what is there when it is current.

    Args:
        access: Of ACCESS_SETTINGS, where the stage has none of its own. For the local AWS alone: a deployment must
            not change its access because somebody's shell lacked a variable.

    Raises:
        PackagingFailed: If Chalice refuses, or the template names a missing file.
    """
    if for_aws:
        check_python_for_aws(sys.version_info[:2])
    if not (project.root / "app.py").is_file():
        raise PackagingFailed(f"there is no app.py in {project.root}")
    if (project.web / "package.json").is_file():
        with only_one(project, "page"):
            webassets.ensure(project)
    layers = build_layers(project)
    chosen = dict(access or {})
    layers_sha256 = " ".join(layer.sha256 for layer in layers)
    digest = fingerprint(project, stage=stage, layers_sha256=layers_sha256, access=chosen)
    record = out / _RECORD_NAME
    if record.is_file() and json.loads(record.read_text()).get("fingerprint") == digest:
        return Package(out, digest, fresh=False)
    if out.exists():
        shutil.rmtree(out)
    out.mkdir(parents=True)
    # Chalice keeps its zips in the project, whatever the folder that this package goes to.
    with only_one(project, "package"), tempfile.TemporaryDirectory(prefix="sluice-package-") as scratch:
        dependencies = DependencyCache(project)
        dependencies.prepare()
        template = settle_access(_run_chalice(project, Path(scratch), stage, chosen), chosen)
        dependencies.keep()
        write_template(out / TEMPLATE_NAME, _gather(template, project, Path(scratch), out))
    record.write_text(json.dumps({"fingerprint": digest, "stage": stage, "python": platform.python_version()}) + "\n")
    return Package(out, digest, fresh=True)
