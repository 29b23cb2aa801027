"""The `sluice` command. Each family of verbs is a module; here they meet, and here every failure becomes one line."""

from __future__ import annotations

import sys

import click

from sluice.failure import OperatorError


class _OneLine(click.Group):
    """Prints an OperatorError as one line on stderr and leaves with its code."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except OperatorError as error:
            click.echo(f"sluice: {error.message}", err=True)
            sys.exit(error.exit_code)


@click.group(cls=_OneLine, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sluice")
def main() -> None:
    """Sluice: a serverless video platform, on your AWS account or whole on this machine."""


def _register() -> None:
    from sluice import (
        verbs_assets,
        verbs_deploy,
        verbs_keys,
        verbs_local,
        verbs_package,
        verbs_preview,
        verbs_renders,
        verbs_renditions,
        verbs_run,
        verbs_webhooks,
    )

    modules = (
        verbs_run,
        verbs_local,
        verbs_assets,
        verbs_renditions,
        verbs_renders,
        verbs_preview,
        verbs_webhooks,
        verbs_keys,
        verbs_package,
        verbs_deploy,
    )
    for module in modules:
        for verb in module.VERBS:
            main.add_command(verb)


_register()
