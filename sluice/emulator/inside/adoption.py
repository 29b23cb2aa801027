"""A bucket that a new stack takes over (ImportExistingResources) is no conflict of names.

ministack plans the import, and then refuses the stack before it begins because the bucket exists.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from ministack.services.cloudformation import changesets, stacks

_CONFLICT = "NAME_CONFLICT_VALIDATION"
_adopted: ContextVar[frozenset[str]] = ContextVar("adopted", default=frozenset())


def install() -> None:
    """Leave the names of adopted resources out of ministack's validation."""
    deploy, validation_errors = stacks._deploy_stack_async, stacks._validation_errors

    async def deploy_with_adopted(*args: Any, imports: dict[str, Any] | None = None, **options: Any) -> None:
        token = _adopted.set(frozenset(imports or {}))
        try:
            await deploy(*args, imports=imports, **options)
        finally:
            _adopted.reset(token)

    def errors_of_others(*args: Any, **options: Any) -> list[tuple[str, ...]]:
        found = validation_errors(*args, **options)
        return [error for error in found if not (error[2] == _CONFLICT and error[0] in _adopted.get())]

    changesets._deploy_stack_async = deploy_with_adopted
    stacks._validation_errors = errors_of_others
