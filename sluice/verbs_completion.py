"""`sluice completion`: what a shell needs to complete verbs and options."""

from __future__ import annotations

import json

import click
from click.shell_completion import get_completion_class

from sluice.failure import OperatorError
from sluice.flags import chosen

_SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(_SHELLS))
def completion_verb(*, shell: str) -> None:
    """Print the completion script of SHELL: source it from the shell's start file.

    bash: eval "$(sluice completion bash)" in ~/.bashrc; zsh the same in ~/.zshrc; fish: sluice completion fish >
    ~/.config/fish/completions/sluice.fish
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise OperatorError(f"click knows no completion for {shell}")
    try:
        script = kind(click.get_current_context().find_root().command, {}, "sluice", "_SLUICE_COMPLETE").source()
    except RuntimeError as error:
        raise OperatorError(str(error)) from error
    click.echo(json.dumps({"shell": shell, "script": script}) if chosen().as_json else script)


VERBS: tuple[click.Command, ...] = (completion_verb,)
