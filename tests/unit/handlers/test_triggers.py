"""The names in triggers are the stack's where they are known, and placeholders where the merge template fills them."""

from __future__ import annotations

import pytest

from chalicelib.handlers.triggers import PLACEHOLDER, stack_name, stack_queue


def test_queues_are_named_after_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    """`chalice deploy` reads the app with the stage's environment; `chalice package` without."""
    monkeypatch.setenv("SLUICE_STAGE", "sluice-dev")
    assert (stack_name(), stack_queue("encode")) == ("sluice-dev", "sluice-dev-encode")
    monkeypatch.delenv("SLUICE_STAGE")
    assert (stack_name(), stack_queue("encode")) == (PLACEHOLDER, f"{PLACEHOLDER}-encode")
