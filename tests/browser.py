"""A headless Chromium for tests, on a machine that has nothing but Python and the package registries.

It is the one of the browser layer (sluice/browser_layer.py), which also renders compositions: it plays H.264 and AAC,
and brings the libraries and the fonts that a bare machine lacks. Where it cannot start, a `chromium` on PATH is taken;
where there is none either, the one line that is raised names the command that installs it.

`Watch` writes down what a page must never do, and the tests look at it at the end.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from chalicelib.tools.browser_files import LAYER_FOLDER, BrowserFiles, unpacked
from sluice.browser_layer import build_browser
from sluice.failure import MissingRequirement
from sluice.paths import Project

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


@cache
def layer_browser() -> BrowserFiles:
    """The browser of the layer, unpacked below build/, as Lambda would have it.

    Raises:
        OperatorError: If the layer cannot be built.
    """
    project = Project.here()
    layer = build_browser(project.browser_layer_zip, project.npm / "browser")
    tree = project.root / "build" / "browser" / layer.sha256[:16]
    if not tree.is_dir():
        fresh = tree.with_suffix(f".{os.getpid()}")
        with zipfile.ZipFile(layer.path) as archive:
            for entry in archive.infolist():
                path = Path(archive.extract(entry, fresh))
                path.chmod(entry.external_attr >> 16 & 0o777)
        with suppress(OSError):  # somebody else was quicker
            fresh.rename(tree)
        shutil.rmtree(fresh, ignore_errors=True)
    layer_folder = tree / LAYER_FOLDER
    return BrowserFiles(layer_folder, unpacked(layer_folder, tree.parent))


def find_chromium() -> Chromium:
    """The layer's build, or the machine's own.

    Raises:
        MissingRequirement: If neither starts.
    """
    files = layer_browser()
    environment = dict(os.environ)
    environment["LD_LIBRARY_PATH"] = str(files.libraries)
    environment["FONTCONFIG_FILE"] = str(files.fonts_conf)
    packaged = Chromium(files.executable, environment)
    if packaged.starts():
        return packaged
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found:
        return Chromium(Path(found), dict(os.environ))
    raise MissingRequirement("no Chromium starts on this machine; run: apt-get install -y chromium")


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


def until(page: Page, function: str, argument: object = None, *, timeout_s: float = 20) -> Any:
    """Ask the page until the answer is not falsy; the answer.

    Playwright's own `wait_for_function` asks by eval() inside the page, which the policy of our pages forbids.

    Raises:
        AssertionError: If it is falsy for all of that time.
    """
    end = time.monotonic() + timeout_s
    while not (answer := page.evaluate(function, argument)):
        assert time.monotonic() < end, f"not within {timeout_s} s: {function}"
        page.wait_for_timeout(50)
    return answer


@dataclass(slots=True)
class Watch:
    """What a page did that it must not: errors on its console, and requests to other hosts, whatever their port.

    Attributes:
        allowed: One more host, for a page that frames ours.
    """

    host: str
    allowed: str = ""
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
        if url.scheme in ("http", "https", "ws", "wss") and url.hostname not in (self.host, self.allowed):
            self.foreign_requests.append(request.url)
