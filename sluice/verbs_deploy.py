"""`sluice deploy` and `sluice destroy`: Sluice in an AWS account. Python alone: no AWS command line, no SAM."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from typing import Any

import click

from chalicelib.usecases.api_keys import new_key
from sluice.account.rollout import BY_CHALICE, BY_CLOUDFORMATION, Target, deploy_stage, destroy_stage
from sluice.account.session import explained, open_account
from sluice.failure import OperatorError
from sluice.flags import chosen
from sluice.keys import register
from sluice.paths import Project
from sluice.report import Report
from sluice.verbs_local import json_option, quiet_option


def account_options(command: Any) -> Any:
    """--stage, --region and --profile, for every verb that works in an account."""
    for option in (
        click.option("--profile", help="Profile of the AWS configuration; else AWS_PROFILE."),
        click.option("--region", help="AWS region; else AWS_REGION, AWS_DEFAULT_REGION or the profile's."),
        click.option("--stage", default="dev", show_default=True, help="Which deployment: the stack is sluice-STAGE."),
    ):
        command = option(command)
    return command


yes_option = click.option("--yes", "-y", is_flag=True, help="Do not ask.")


def asking(*, yes: bool) -> Callable[[str], bool]:
    """Asks a person; without a terminal, and without --yes, nobody can say yes."""

    def ask(what: str) -> bool:
        if yes:
            return True
        if not sys.stdin.isatty():
            raise OperatorError(f"{what}: nobody is here to say yes; give --yes")
        return click.confirm(what, err=True)

    return ask


def parameters_of(pairs: Iterable[str]) -> dict[str, str]:
    """`Name=value` words as a mapping.

    Raises:
        OperatorError: If a word has no equals sign.
    """
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise OperatorError(f"{pair!r} is not of the form Name=value")
        found[name] = value
    return found


@click.command("deploy")
@account_options
@click.option("--plan", is_flag=True, help="Say what would change, and change nothing.")
@click.option(
    "--via",
    type=click.Choice([BY_CLOUDFORMATION, BY_CHALICE]),
    default=BY_CLOUDFORMATION,
    show_default=True,
    help="One stack of everything, or functions and API by chalice deploy.",
)
@click.option("--parameter", "-p", "pairs", multiple=True, metavar="NAME=VALUE", help="A parameter of the template.")
@click.option("--replace-data", is_flag=True, help="Allow a change after which the stack uses another table or bucket.")
@yes_option
@json_option
@quiet_option
def deploy_verb(
    *,
    stage: str,
    region: str | None,
    profile: str | None,
    plan: bool,
    via: str,
    pairs: tuple[str, ...],
    replace_data: bool,
    yes: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Deploy this checkout into an AWS account, or bring a deployment up to date; its data stays."""
    report = Report(quiet=quiet or as_json)
    given = parameters_of(pairs)
    target = Target(open_account(profile=profile, region=region), stage)
    report.line(f"{target}, as {target.account.caller}")
    agreed = (lambda _what: False) if plan else asking(yes=yes)
    # A plan is only looked at, so it may show anything.
    outputs = deploy_stage(
        Project.here(), target, given, report, via=via, agreed=agreed, replace_data=replace_data or plan
    )
    if outputs is None:
        click.echo("nothing was changed", err=True)
        return
    if as_json:
        click.echo(json.dumps(outputs, indent=2, sort_keys=True))
        return
    for name, value in sorted(outputs.items()):
        click.echo(f"{name:<32} {value}")


@click.command("destroy")
@account_options
@click.option("--purge-data", is_flag=True, help="Delete assets, uploads and streams too. There is no way back.")
@yes_option
@quiet_option
def destroy_verb(
    *, stage: str, region: str | None, profile: str | None, purge_data: bool, yes: bool, quiet: bool
) -> None:
    """Delete a deployment. Its table and buckets stay, and the next deploy takes them over."""
    target = Target(open_account(profile=profile, region=region), stage)
    agreed = asking(yes=yes)
    as_json = chosen().as_json
    report = Report(quiet=quiet or as_json)
    destroyed = destroy_stage(Project.here(), target, report, purge_data=purge_data, agreed=agreed)
    if as_json:
        click.echo(json.dumps({"destroyed": destroyed}))
    elif not destroyed:
        click.echo("nothing was changed", err=True)


@click.command("create-key")
@account_options
@click.option("--name", default="made by sluice create-key", show_default=True, help="What the key is for.")
@json_option
def create_key_verb(*, stage: str, region: str | None, profile: str | None, name: str, as_json: bool) -> None:
    """Make the first API key of a deployment, which may make others. It is printed once; the table keeps its digest."""
    account = open_account(profile=profile, region=region)
    target = Target(account, stage)
    key = new_key()
    with explained():
        outputs = target.stack.outputs()
        if "TableName" not in outputs:
            raise OperatorError(f"there is no {target}; deploy it with: sluice deploy --stage {stage}")
        register(account.client("dynamodb"), outputs["TableName"], key, name=name)
    said = {"url": outputs.get("ApiUrl", ""), "api_key": key}
    click.echo(json.dumps(said) if as_json else f"export SLUICE_URL={said['url']} SLUICE_API_KEY={key}")


VERBS = (deploy_verb, destroy_verb, create_key_verb)
