from __future__ import annotations

import json
from pathlib import Path

import pytest

from sluice import browser_layer, layers
from sluice.failure import PackagingFailed
from sluice.layers import LAMBDA_GLIBC, check_limits, glibc_needed


@pytest.mark.parametrize(
    ("symbols", "needed"),
    [
        (b"\0GLIBC_2.2.5\0GLIBC_2.17\0GLIBCXX_3.4.21\0", (2, 17)),
        (b"\0GLIBC_2.9\0GLIBC_2.38\0", (2, 38)),
        (b"\0printf\0", (0,)),
    ],
)
def test_glibc_needed(symbols: bytes, needed: tuple[int, ...]) -> None:
    """The newest glibc that a library names counts, by number and not by text."""
    assert glibc_needed(symbols) == needed


def test_limits() -> None:
    """A layer that Lambda would refuse, or that leaves no room for the function, is refused here."""
    check_limits({"a.so": LAMBDA_GLIBC}, 210 * 2**20)
    with pytest.raises(PackagingFailed, match=r"2\.35"):
        check_limits({"a.so": (2, 35)}, 1)
    with pytest.raises(PackagingFailed, match="250 MB"):
        check_limits({}, 211 * 2**20)


@pytest.mark.parametrize("manifest", [layers.MANIFEST, browser_layer.MANIFEST], ids=["webp", "browser"])
def test_packages_are_pinned(manifest: Path) -> None:
    """Each by an exact version and the hash of its archive; the registry is the machine's own choice."""
    asked = json.loads((manifest / "package.json").read_text())["dependencies"]
    locked = json.loads((manifest / "package-lock.json").read_text())["packages"]
    assert locked.pop("")["dependencies"] == asked
    assert {f"node_modules/{name}" for name in asked} <= set(locked)
    for package in locked.values():
        assert package["integrity"].startswith("sha512-")
        assert "resolved" not in package
