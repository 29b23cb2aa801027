"""`sluice policies`: what whoever deploys and operates a stage must be allowed, and whether a policy allows it."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import boto3
import click

from sluice.account.session import open_account
from sluice.failure import OperatorError
from sluice.flags import LOCAL, chosen
from sluice.iam.coverage import Missing, check_document, linted, missing, simulate
from sluice.iam.documents import policies as policies_of
from sluice.iam.documents import trust_of
from sluice.iam.grants import Scope, grants

_DEFAULT_STAGE = "dev"
_ACCOUNT = re.compile(r"[0-9]{12}")


class NotEnough(OperatorError):
    """The policy does not allow all that is needed."""


def _account(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and not _ACCOUNT.fullmatch(value):
        raise click.BadParameter("twelve digits")
    return value


account_option = click.option(
    "--account", metavar="ID", callback=_account, help="Twelve digits; else the account of the credentials."
)


def _scope(account: str | None) -> Scope:
    """Without --account, of the credentials that are found; with it, none are needed."""
    flags = chosen()
    stage = flags.stage or _DEFAULT_STAGE
    if stage == LOCAL:
        raise click.UsageError("the local AWS needs no policy; name a --stage of an account")
    if account is None:
        found = open_account(profile=flags.profile, region=flags.region)
        return Scope(f"sluice-{stage}", found.region, found.account_id, found.partition)
    region = flags.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region:
        raise OperatorError("no AWS region: give --region, or set AWS_REGION")
    return Scope(f"sluice-{stage}", region, account, boto3.Session().get_partition_for_region(region))


@click.group()
def policies() -> None:
    """Print or check the IAM policies of whoever deploys and operates a stage."""


@policies.command("user")
@account_option
def user_policies(*, account: str | None) -> None:
    """The policies of a person: JSON, one document a line, each as large as IAM takes a managed policy."""
    for document in policies_of(_scope(account)):
        click.echo(json.dumps(document))


@policies.command("role")
@click.option("--github", metavar="OWNER/NAME", help="Trust this repository's workflows, by OIDC.")
@account_option
def role_policies(*, github: str | None, account: str | None) -> None:
    """The same for a role, with the policy that says who may become it: one JSON document."""
    scope = _scope(account)
    role = {"AssumeRolePolicyDocument": trust_of(scope, github=github), "Policies": policies_of(scope)}
    click.echo(json.dumps(role, indent=2))


@policies.command("validate")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--simulate", "asks_iam", is_flag=True, help="Have IAM decide too (iam:SimulateCustomPolicy).")
@click.option("--lint", "asks_analyzer", is_flag=True, help="Ask Access Analyzer what it thinks of them.")
@account_option
def validate_policies(*, files: tuple[Path, ...], asks_iam: bool, asks_analyzer: bool, account: str | None) -> None:
    """Whether the policies in FILE, together, allow all that deploying and operating the stage needs.

    A file holds one document, or one a line, as `policies user` prints them. Leaves with 1 if something is missing.
    """
    scope = _scope(account)
    documents = [document for file in files for document in _read(file)]
    lacking = missing(documents, grants(), scope)
    said: list[str] = []
    if asks_iam or asks_analyzer:
        texts = [json.dumps(document) for document in documents]
        of = open_account(profile=chosen().profile, region=chosen().region)
        if asks_iam:
            lacking += [each for each in simulate(of.client("iam"), texts, grants(), scope) if each not in lacking]
        if asks_analyzer:
            said = [line for text in texts for line in linted(of.client("accessanalyzer"), text)]
    _print(lacking, said)
    if lacking:
        raise NotEnough(f"{len({each.action for each in lacking})} action(s) are not allowed")


def _read(file: Path) -> list[dict[str, Any]]:
    text = file.read_text(encoding="utf-8")
    try:
        found = [json.loads(text)]
    except ValueError:
        try:
            found = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError as error:
            raise OperatorError(f"{file} is not JSON: {error}") from error
    return [check_document(document) for document in found]


def _print(lacking: list[Missing], said: list[str]) -> None:
    if chosen().as_json:
        rows = [{"action": each.action, "resource": each.resource, "for": each.why} for each in lacking]
        click.echo(json.dumps({"enough": not lacking, "missing": rows, "findings": said}, indent=2))
        return
    for each in lacking:
        click.echo(f"{each.action:<48} {each.resource}  ({each.why})")
    for line in said:
        click.echo(line)
    if not lacking:
        click.echo("enough")


VERBS: tuple[click.Command, ...] = (policies,)
