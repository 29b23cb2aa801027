"""One deployed local AWS for the whole end-to-end run: own home, own ports, started and stopped by the real command."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page

from chalicelib.aws.clients import Clients
from chalicelib.aws.table import Table
from sluice.clients import ACCOUNT_ID, REGION, ROOT_KEY_ID, ROOT_SECRET, LocalClients, clients_of
from sluice.deploy import STACK
from sluice.package import TEMPLATE_NAME
from sluice.paths import Local, LocalHome, Project
from sluice.template import read_template, resources
from tests.browser import Watch, chromium
from tests.e2e.clips import FFMPEG, clip
from tests.fixtures.media_factory import MediaFactory
from tests.mediaconvert import FAILING_TEMPLATE, MediaConvertServer, Transcoder, mediaconvert_server

ROOT = Path(__file__).resolve().parents[2]
SLUICE = (sys.executable, "-m", "sluice")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def own_home(home: Path) -> dict[str, str]:
    """The environment of a local AWS that meets no other: its own folder and ports."""
    ports = {"SLUICE_PORT": str(free_port()), "SLUICE_GATEWAY_PORT": str(free_port())}
    return {**os.environ, "SLUICE_HOME": str(home), **ports}


def as_warm(home: Path, other: LocalAws) -> None:
    """Give a new home what another one has packaged and unpacked of the same project; both are named by content."""
    of_other = LocalHome(Path(other.environ["SLUICE_HOME"]))
    shutil.copytree(of_other.package, LocalHome(home).package, copy_function=os.link)
    for name in ("code", "layers"):
        shutil.copytree(of_other.cache / name, LocalHome(home).cache / name, symlinks=True, copy_function=os.link)


def processes_that_name(home: Path) -> list[str]:
    """Command lines of processes whose environment or arguments hold the path of a home."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
                command = (folder / "cmdline").read_bytes()
                if str(home).encode() in command + (folder / "environ").read_bytes():
                    found.append(command.replace(b"\0", b" ").decode())
    return found


@dataclass(frozen=True, slots=True)
class LocalAws:
    """A running local AWS, as its users see it: an address, a key and the command line."""

    base_url: str
    api_key: str
    environ: dict[str, str]
    mediaconvert: MediaConvertServer = field(default_factory=MediaConvertServer)

    @property
    def clients(self) -> LocalClients:
        """Of the emulator itself, with its root credentials."""
        home = LocalHome(Path(self.environ["SLUICE_HOME"]))
        gateway_port = int(self.environ["SLUICE_GATEWAY_PORT"])
        return clients_of(Local(Project.here(), home, gateway_port=gateway_port))

    @property
    def source_bucket(self) -> str:
        return f"{STACK}-source-{ACCOUNT_ID}"

    def sluice(self, *words: str, timeout_s: float = 300) -> subprocess.CompletedProcess[str]:
        """Run one verb of the command line to its end."""
        return subprocess.run(
            [*SLUICE, *words],
            cwd=ROOT,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def api(self, method: str, path: str, **request: Any) -> httpx.Response:
        """One call of the public API with the development key."""
        headers = {"Authorization": f"Bearer {self.api_key}"} | request.pop("headers", {})
        return httpx.request(method, self.base_url + path, headers=headers, timeout=60, **request)

    def publish(self, video: Path) -> dict[str, Any]:
        """Upload by the command line and wait for the end, whatever it is; the asset as the API gives it."""
        done = self.sluice("upload", str(video), "--wait", "--json")
        assert done.stdout, done.stderr
        asset: dict[str, Any] = json.loads(done.stdout)
        assert (done.returncode == 0) is (asset["status"] == "ready"), done.stderr
        return asset

    def settled(self, asset_id: str, timeout_s: float = 120) -> dict[str, Any]:
        """Poll an asset until nothing more will happen to it."""
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            asset: dict[str, Any] = self.api("GET", f"/v1/assets/{asset_id}").raise_for_status().json()
            if asset["status"] not in ("waiting", "preparing"):
                return asset
            time.sleep(0.25)
        raise AssertionError(f"{asset_id} is still {asset['status']} after {timeout_s} s: {asset['progress']}")


def run_verb(words: Sequence[str], environ: dict[str, str]) -> str:
    done = subprocess.run(
        [*SLUICE, *words], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, f"sluice {' '.join(words)}: {done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """Started once; `sluice down` afterwards must leave nothing behind."""
    home = tmp_path_factory.mktemp("local-aws")
    with mediaconvert_server() as mediaconvert:
        environ = {
            **own_home(home),
            "SLUICE_MEDIACONVERT": "on",
            "SLUICE_MEDIACONVERT_ENDPOINT": mediaconvert.url,
        }
        try:
            up = json.loads(run_verb(["up", "--detach", "--json"], environ))
            local_aws = LocalAws(up["url"], up["api_key"], environ, mediaconvert)
            mediaconvert.templates.update(job_templates(home))
            mediaconvert.work = Transcoder(local_aws.clients)
            yield local_aws
        finally:
            run_verb(["down"], environ)
            assert processes_that_name(home) == []


@pytest.fixture
def records(local_aws: LocalAws) -> Iterator[Table]:
    """The records themselves: what is lost has no way through the API."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{local_aws.environ['SLUICE_GATEWAY_PORT']}")
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        patch.setenv("AWS_ACCESS_KEY_ID", ROOT_KEY_ID)
        patch.setenv("AWS_SECRET_ACCESS_KEY", ROOT_SECRET)
        yield Table(Clients(), local_aws.source_bucket.partition("-source-")[0])


@pytest.fixture(scope="session")
def published(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A ready asset that every test may look at, and none changes: 14 s, two chunks, three renditions, sound."""
    video = clip(tmp_path_factory.mktemp("published") / "published.mp4", seconds=14, size="1280x720")
    asset = local_aws.publish(video)
    assert asset["status"] == "ready", asset["errors"]
    return asset


@pytest.fixture(scope="session")
def many_tracks(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A ready asset with two sounds and two subtitles."""
    asset = local_aws.publish(MediaFactory(FFMPEG, tmp_path_factory.mktemp("tracks")).clip("many.mkv"))
    assert asset["status"] == "ready", asset["errors"]
    return asset


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Of a module, because Playwright leaves an event loop running until it ends."""
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    opened = context.new_page()
    opened.set_default_timeout(20_000)
    yield opened
    context.close()


@pytest.fixture
def watch(page: Page, local_aws: LocalAws) -> Watch:
    return Watch.on(page, local_aws.base_url)


def job_templates(home: Path) -> dict[str, dict[str, Any]]:
    """Those that the deployed template makes on AWS, and one whose jobs fail."""
    template = read_template(LocalHome(home).package / TEMPLATE_NAME)
    made = [resource.properties for resource in resources(template, "AWS::MediaConvert::JobTemplate")]
    found = {
        properties["Name"]["Fn::Sub"].replace("${AWS::StackName}", STACK): {"Settings": properties["SettingsJson"]}
        for properties in made
    }
    return {**found, FAILING_TEMPLATE: next(iter(found.values()))}
