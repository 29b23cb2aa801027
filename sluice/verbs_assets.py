"""`sluice upload` and `sluice assets`, over the public HTTP API."""

from __future__ import annotations

import click

VERBS: tuple[click.Command, ...] = ()
