"""The one way the operator's tools stop: a sentence that says what is wrong and what to do about it.

Invariant: whatever ends a command raises `OperatorError`; the command line prints its message on one line and leaves
with `exit_code`: 1 failed, 2 used wrongly (by click), 3 the machine or the account lacks something, 4 a port is taken,
5 not found, 130 interrupted. A traceback on a terminal is therefore always a bug of ours.
"""

from __future__ import annotations


class OperatorError(Exception):
    """Something the person at the keyboard can act on.

    Attributes:
        message: One sentence; for a person.
        exit_code: What the process leaves with.
    """

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class MissingRequirement(OperatorError):
    """The machine lacks something; the message names the command that installs it."""

    exit_code = 3


class PortTaken(OperatorError):
    """Another program listens where we want to."""

    exit_code = 4


class NotFound(OperatorError):
    """What was named is not there."""

    exit_code = 5


class Interrupted(OperatorError):
    """Ctrl-C, or SIGTERM where it means the same."""

    exit_code = 130


class PackagingFailed(OperatorError):
    """`chalice package` or the layer build refused."""


class DeployFailed(OperatorError):
    """The stack did not reach the state that its template describes."""


class PromiseBroken(DeployFailed):
    """The deployed stack differs from what its template promised."""


class EmulatorFailed(OperatorError):
    """The local AWS did not start, or ended."""
