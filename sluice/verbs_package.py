"""`sluice package`: what other tools take to an account: `aws cloudformation package` and `deploy`, or Terraform."""

from __future__ import annotations

import json
from pathlib import Path

import click

from sluice.flags import chosen
from sluice.package import TEMPLATE_NAME, package
from sluice.paths import Project
from sluice.terraform import BY_TERRAFORM, package_terraform

_CLOUDFORMATION = "cloudformation"


@click.command("package")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("out"), show_default=True)
@click.option("--stage", default="dev", show_default=True, help="Chalice stage.")
@click.option(
    "--form",
    type=click.Choice([_CLOUDFORMATION, BY_TERRAFORM]),
    default=_CLOUDFORMATION,
    show_default=True,
    help="For which tool.",
)
@click.option("--local", "for_local", is_flag=True, help="Package for this machine's Python, whichever it is.")
def package_verb(*, out: Path, stage: str, form: str, for_local: bool) -> None:
    """Write the template, and every file that it names, to a folder."""
    project = Project.here()
    if form == BY_TERRAFORM:
        folder = project.root / "build" / "deploy" / stage
        packaged = package(project, folder, stage=stage, for_aws=not for_local)
        package_terraform(project, packaged.folder, out.resolve(), stage=stage)
        click.echo(f"configuration: {out}; next: terraform -chdir={out} init")
        return
    made = package(project, out.resolve(), stage=stage, for_aws=not for_local)
    if chosen().as_json:
        files = {path.name: path.stat().st_size for path in sorted(made.folder.iterdir()) if path.is_file()}
        click.echo(json.dumps({"template": str(out / TEMPLATE_NAME), "fresh": made.fresh, "files": files}, indent=2))
        return
    state = "" if made.fresh else "  (unchanged)"
    for path in sorted(made.folder.iterdir()):
        if not path.name.startswith("."):
            click.echo(f"{path.stat().st_size / 1e6:8.1f} MB  {path.name}")
    click.echo(f"template: {out / TEMPLATE_NAME}{state}")


VERBS = (package_verb,)
