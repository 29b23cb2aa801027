"""`sluice doctor`: every check, of this machine, of the local AWS and, with --stage, of a deployment."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import click

from sluice.account.session import Account, open_account
from sluice.doctor import account, local_aws, machine, stack
from sluice.doctor.finding import Check, Finding, Status, examined, ok
from sluice.facts import read_facts
from sluice.failure import OperatorError
from sluice.flags import LOCAL, chosen
from sluice.paths import Local
from sluice.place import Place, place_of

_MARKS = {Status.OK: "ok", Status.WARNING: "WARN", Status.FAILED: "FAIL", Status.SKIPPED: "-"}


class Unwell(OperatorError):
    """At least one check failed."""


@click.command("doctor")
def doctor_verb() -> None:
    """Say what is wrong and what to do about it. Leaves with 1 if a check failed; warnings are none."""
    flags = chosen()
    found = []
    for finding in examined(_checks()):
        found.append(finding)
        if not flags.as_json and not (flags.quiet and finding.status is Status.OK):
            _print(finding)
    if flags.as_json:
        click.echo(json.dumps([finding.as_json() for finding in found], indent=2))
    bad = [finding.check for finding in found if finding.status is Status.FAILED]
    if bad:
        raise Unwell(f"failed: {', '.join(bad)}")


def _checks() -> Iterator[Check]:
    flags = chosen()
    local = Local.from_env()
    yield from machine.checks(local)
    if flags.stage in (None, LOCAL):
        yield from local_aws.checks(local)
        facts = read_facts(local.home)
        if facts is not None and facts.ready:
            yield from stack.checks(place_of(flags), local.project)
        return
    opened: list[Account] = []

    def credentials() -> tuple[Status, str, str]:
        opened.append(open_account(profile=flags.profile, region=flags.region))
        return ok(f"{opened[0].caller} of account {opened[0].account_id}")

    yield Check("credentials", credentials)
    if not opened:
        # Whoever runs the checks has seen why; nothing below can be asked.
        return
    yield from account.checks(opened[0])
    place = place_of(flags)
    yield from stack.checks(place, local.project)
    key = os.environ.get("SLUICE_API_KEY")
    if key:
        yield Check("API key", lambda: local_aws.api_key(_address(place), key))


def _address(place: Place) -> str:
    return place.outputs()["ApiUrl"]


def _print(finding: Finding) -> None:
    click.echo(f"{_MARKS[finding.status]:<5} {finding.check:<20} {finding.said}")
    if finding.remedy:
        click.echo(f"{'':<26} -> {finding.remedy}")


VERBS: tuple[click.Command, ...] = (doctor_verb,)
