"""What the machine must have before the local AWS can start; each lack is one line that says how to mend it."""

from __future__ import annotations

import ctypes
import importlib.util
import platform
import socket
import sys

from sluice.failure import MissingRequirement, OperatorError, PortTaken
from sluice.paths import Local

OLDEST, TOO_NEW = (3, 11), (3, 15)
# Shared libraries that MediaInfo's library needs, and the Debian packages that hold them.
_LIBRARIES = {"libstdc++.so.6": "libstdc++6", "libz.so.1": "zlib1g"}


def check_python(version_info: tuple[int, int]) -> None:
    """Refuse a Python that Sluice does not support."""
    if not OLDEST <= version_info < TOO_NEW:
        found = ".".join(map(str, version_info))
        raise MissingRequirement(f"Python 3.11 to 3.14 is needed, this is {found}; run: make setup PYTHON=python3.13")


def check_platform(system: str, machine: str) -> None:
    """Refuse a machine that the encoder was not built for."""
    if (system, machine) != ("Linux", "x86_64"):
        raise MissingRequirement(f"the encoder is built for Linux on x86-64, this is {system} on {machine}")


def check_libraries() -> None:
    """Refuse a machine without the shared libraries that MediaInfo needs."""
    missing = []
    for library, package in _LIBRARIES.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            missing.append(package)
    if missing:
        raise MissingRequirement(f"a system package is missing; run: apt-get install -y {' '.join(missing)}")


def check_venv_module() -> None:
    """Refuse a Python that can not make virtual environments (Debian splits it off)."""
    if importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise MissingRequirement(f"Python has no venv module here; run: apt-get install -y python{version}-venv")


def is_free(port: int) -> bool:
    """Whether nothing listens on this port of loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def check_ports(local: Local) -> None:
    """Refuse to start beside a program that holds one of our ports."""
    if not is_free(local.origin_port):
        raise PortTaken(f"port {local.origin_port} is taken by another program; run: sluice up --port <another>")
    if not is_free(local.gateway_port):
        raise PortTaken(
            f"port {local.gateway_port} is taken by another program; run: SLUICE_GATEWAY_PORT=<another> sluice up"
        )


def keep_gateway_port(local: Local) -> None:
    """Refuse another gateway port than the one that the home's stored queue URLs name; note it in a new home.

    Raises:
        OperatorError: With both ways out.
    """
    file = local.home.gateway_file
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{local.gateway_port}\n")
        return
    kept = int(file.read_text())
    if kept != local.gateway_port:
        raise OperatorError(
            f"the queues of {local.home.root} belong to gateway port {kept}, not {local.gateway_port}; "
            f"run: SLUICE_GATEWAY_PORT={kept} sluice up, or choose another SLUICE_HOME"
        )


def check_machine() -> None:
    """Everything but the ports."""
    check_python(sys.version_info[:2])
    check_platform(platform.system(), platform.machine())
    check_libraries()
