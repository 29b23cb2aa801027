"""The browser's command line."""

from __future__ import annotations

from chalicelib.composition.flags import browser_flags


def test_each_flag_is_given_once() -> None:
    """Chromium takes the last of two, silently."""
    names = [flag.partition("=")[0] for flag in browser_flags()]
    assert len(names) == len(set(names))
