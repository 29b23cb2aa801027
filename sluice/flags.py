"""The flags that every verb takes: --stage, --region, --profile, --json, --quiet and --yes.

A verb that declares one of them itself keeps its own; the others are added, and what they say is kept with the click
context, where `chosen` finds it. A verb that works on this machine only takes no stage but `local`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import click

LOCAL = "local"
_META = "sluice.flags."
_FLAGS: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (("--stage",), {"help": "Which deployment: sluice-STAGE of the account, or local."}),
    (("--region",), {"help": "AWS region of the stage."}),
    (("--profile",), {"help": "Profile of the AWS configuration, for the stage."}),
    (("--json",), {"is_flag": True, "help": "Print JSON: one document, or one a line where it goes on."}),
    (("--quiet", "-q"), {"is_flag": True, "help": "Print nothing but the result."}),
    (("--yes", "-y"), {"is_flag": True, "help": "Do not ask."}),
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the added flags say, where no other says it."""

    stage: str | None = None
    region: str | None = None
    profile: str | None = None
    as_json: bool = False
    quiet: bool = False
    yes: bool = False


def chosen() -> Chosen:
    """Of the verb that runs; all defaults outside of one."""
    context = click.get_current_context(silent=True)
    if context is None:
        return Chosen()
    said = {name: context.meta.get(_META + name) for name in Chosen.__slots__}
    return Chosen(**{name: value for name, value in said.items() if value})


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    name = parameter.opts[0].removeprefix("--")
    context.meta[_META + {"json": "as_json"}.get(name, name)] = value


def _local_stage(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value not in (None, LOCAL):
        raise click.BadParameter(f"this verb works on this machine only; there is no stage {value}")
    _keep(context, parameter, value)


def with_flags(command: click.Command, *, on_this_machine: frozenset[str], path: str = "") -> None:
    """Add to every verb below `command` those flags that it does not declare.

    Args:
        on_this_machine: Verbs, such as "sites create", whose only stage is the local one.
    """
    if isinstance(command, click.Group):
        for name, verb in command.commands.items():
            with_flags(verb, on_this_machine=on_this_machine, path=f"{path} {name}".strip())
        return
    taken = {opt for parameter in command.params for opt in parameter.opts}
    is_local = path in on_this_machine
    for names, attributes in _FLAGS:
        if names[0] in taken:
            continue
        callback = _local_stage if is_local and names[0] == "--stage" else _keep
        free = [name for name in names if name not in taken]
        command.params.append(click.Option(free, expose_value=False, callback=callback, **attributes))
