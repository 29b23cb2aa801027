from __future__ import annotations

from pathlib import Path

from sluice.paths import Local, Project


def test_defaults() -> None:
    """Without any setting, everything lies in .local of the checkout, and the origin is port 8000."""
    local = Local.from_env({})

    assert local.project == Project.here()
    assert local.home.root == Project.here().root / ".local"
    assert (local.origin_url, local.gateway_url) == ("http://127.0.0.1:8000", "http://127.0.0.1:14566")


def test_a_second_local_aws(tmp_path: Path) -> None:
    """Home and ports can be moved, so that two run side by side; the option wins over the variable."""
    environ = {"SLUICE_HOME": str(tmp_path), "SLUICE_PORT": "8010", "SLUICE_GATEWAY_PORT": "14567"}
    local = Local.from_env(environ, port=8020)

    assert local.home.root == tmp_path
    assert (local.origin_port, local.gateway_port) == (8020, 14567)
    assert Local.from_env(environ).origin_port == 8010
