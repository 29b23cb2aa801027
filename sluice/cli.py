"""The `sluice` command. Each family of verbs is a module; here they meet, and here every failure becomes one line.

What a verb leaves with is in `failure.py`. All verbs take the flags of `flags.py`.
"""

from __future__ import annotations

import sys

import click

from sluice.account.session import explained
from sluice.failure import Interrupted, OperatorError
from sluice.flags import with_flags

# Their only stage is the local one.
ON_THIS_MACHINE = frozenset({"up", "down", "run", "preview", "completion"})


class _OneLine(click.Group):
    """Prints an OperatorError as one line on stderr and leaves with its code."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            with explained():
                return super().invoke(ctx)
        except OperatorError as error:
            click.echo(f"sluice: {error.message}", err=True)
            sys.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("sluice: interrupted", err=True)
            sys.exit(Interrupted.exit_code)
        except OSError as error:
            # With a file it is about the user's; without one it is a pipe that was closed, which click knows.
            if error.filename is None:
                raise
            click.echo(f"sluice: {error.strerror}: {error.filename}", err=True)
            sys.exit(OperatorError.exit_code)


@click.group(cls=_OneLine, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sluice", prog_name="sluice")
def main() -> None:
    """Sluice: a serverless video platform, on your AWS account or whole on this machine."""


def _register() -> None:
    from sluice import (
        verbs_assets,
        verbs_completion,
        verbs_deploy,
        verbs_dlq,
        verbs_doctor,
        verbs_estimate,
        verbs_invoke,
        verbs_keys,
        verbs_local,
        verbs_package,
        verbs_policies,
        verbs_preview,
        verbs_quotas,
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
        verbs_invoke,
        verbs_estimate,
        verbs_dlq,
        verbs_doctor,
        verbs_quotas,
        verbs_policies,
        verbs_completion,
    )
    for module in modules:
        for verb in module.VERBS:
            main.add_command(verb)
    with_flags(main, on_this_machine=ON_THIS_MACHINE)


_register()
