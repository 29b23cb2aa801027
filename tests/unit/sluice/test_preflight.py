from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from sluice import preflight
from sluice.failure import MissingRequirement, OperatorError, PackagingFailed
from sluice.package import check_python_for_aws
from sluice.paths import Local, LocalHome, Project


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13), (3, 14)])
def test_supported_pythons(version: tuple[int, int]) -> None:
    """3.11 to 3.14 run the local AWS."""
    preflight.check_python(version)


@pytest.mark.parametrize("version", [(3, 10), (3, 15), (4, 0)])
def test_unsupported_pythons(version: tuple[int, int]) -> None:
    """Any other Python is one line that names it and the way out."""
    with pytest.raises(MissingRequirement, match=r"Python 3.11 to 3.14 is needed, this is \d+\.\d+; run: ") as caught:
        preflight.check_python(version)
    assert "\n" not in caught.value.message


def test_packages_for_aws_need_a_newer_python() -> None:
    """3.11 runs locally, but its package for AWS would lack native parts."""
    check_python_for_aws((3, 12))
    with pytest.raises(PackagingFailed, match=r"3\.12 or newer"):
        check_python_for_aws((3, 11))


def test_other_machines() -> None:
    """The encoder is a build for one platform; another one is told so."""
    preflight.check_platform("Linux", "x86_64")
    with pytest.raises(MissingRequirement, match="Darwin on arm64"):
        preflight.check_platform("Darwin", "arm64")


def test_missing_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing system library is reported with the command that installs its package."""
    monkeypatch.setattr(preflight, "_LIBRARIES", {"libnone.so.9": "libnone9", "libc.so.6": "libc6"})
    with pytest.raises(MissingRequirement, match=r"run: apt-get install -y libnone9$"):
        preflight.check_libraries()


def test_a_port_in_use_is_not_free() -> None:
    """A port that something listens on is not free."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        other.listen()
        assert not preflight.is_free(port)
    assert preflight.is_free(port)


def test_a_home_keeps_its_gateway_port(tmp_path: Path) -> None:
    """Stored queue URLs name the port, so another one is refused with the way back."""
    local = Local(Project(tmp_path), LocalHome(tmp_path), gateway_port=14001)
    preflight.keep_gateway_port(local)
    preflight.keep_gateway_port(local)
    with pytest.raises(OperatorError, match="SLUICE_GATEWAY_PORT=14001"):
        preflight.keep_gateway_port(replace(local, gateway_port=14002))
