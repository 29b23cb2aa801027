"""What this machine must have, for the local AWS and for a deployment."""

from __future__ import annotations

import platform
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from sluice import preflight
from sluice.browser_layer import built_browser
from sluice.doctor.finding import Check, Status, failed, ok, warning
from sluice.facts import read_facts
from sluice.failure import PackagingFailed
from sluice.layers import Layer, built_media_tools, megabytes
from sluice.package import check_python_for_aws
from sluice.paths import Local

_ENOUGH_BYTES = 5 * 2**30
_TOO_LITTLE_BYTES = 2**30
# What a render needs of the browser layer, beside its fonts.
_BROWSER_FILES = ("browser/chromium.zst", "browser/lib/libnss3.so", "browser/lib/libexpat.so.1", "browser/fonts.conf")
Found = tuple[Status, str, str]


def checks(local: Local) -> list[Check]:
    """Of a machine; nothing is started or built."""
    return [
        Check("python", python),
        Check("platform", machine),
        Check("libraries", libraries),
        Check("make", make),
        Check("disk", lambda: disk(local.project.root)),
        Check("ports", lambda: ports(local)),
        Check("layer media-tools", lambda: layer(local.project.layer_zip, built_media_tools)),
        Check("layer browser", lambda: layer(local.project.browser_layer_zip, built_browser)),
        Check("browser libraries", lambda: browser_libraries(local.project.browser_layer_zip)),
    ]


def python() -> Found:
    preflight.check_python(sys.version_info[:2])
    preflight.check_venv_module()
    try:
        check_python_for_aws(sys.version_info[:2])
    except PackagingFailed as error:
        return warning(f"{platform.python_version()}, good for the local AWS only", error.message)
    return ok(platform.python_version())


def machine() -> Found:
    preflight.check_platform(platform.system(), platform.machine())
    return ok(f"{platform.system()} on {platform.machine()}")


def libraries() -> Found:
    preflight.check_libraries()
    return ok("those of MediaInfo are there")


def make() -> Found:
    found = shutil.which("make")
    return ok(found) if found else failed("make is not installed", "apt-get install -y make")


def disk(root: Path, usage: Callable[[Path], tuple[int, int, int]] = shutil.disk_usage) -> Found:
    free_bytes = usage(root)[2]
    said = f"{free_bytes / 2**30:.1f} GiB are free"
    if free_bytes < _TOO_LITTLE_BYTES:
        return failed(said, "make room: sources, chunks and renditions are on this disk; sluice down; make clean")
    return ok(said) if free_bytes >= _ENOUGH_BYTES else warning(said, "make room before a long video")


def ports(local: Local) -> Found:
    facts = read_facts(local.home)
    if facts is not None:
        return ok(f"{facts.origin_port} and {facts.gateway_port} are the local AWS's own")
    preflight.check_ports(local)
    return ok(f"{local.origin_port} and {local.gateway_port} are free")


def layer(path: Path, built: Callable[[Path], Layer | None]) -> Found:
    if not path.is_file():
        return failed("it is not built", "make layers")
    found = built(path)
    if found is None:
        return warning("it was built of other versions than those installed", "make layers")
    return ok(f"{megabytes(found.zip_bytes)}, sha256 {found.sha256[:16]}")


def browser_libraries(path: Path) -> Found:
    try:
        with zipfile.ZipFile(path) as archive:
            missing = sorted(set(_BROWSER_FILES) - set(archive.namelist()))
    except FileNotFoundError:
        return failed("the layer is not built", "make layers")
    except zipfile.BadZipFile as error:
        return failed(f"the layer is broken: {error}", f"delete {path} and run: make layers")
    if missing:
        return failed(f"the layer lacks {', '.join(missing)}", f"delete {path} and run: make layers")
    return ok("Chromium has its own in the layer")
