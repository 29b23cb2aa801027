"""A hostile page in the browser: nothing that it tries reaches a socket or a file, and no secret is there to find."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import pytest

from chalicelib.composition.capture import CaptureOptions, Picture
from chalicelib.composition.rgba import raw_rgba
from chalicelib.tools import Chromium, Ffmpeg, MediaInfo
from chalicelib.tools.browser_process import BrowserProcess
from tests.browser import layer_browser
from tests.hostile_page import hostile_files

_SECRET = "a-secret-of-this-test"
_RED = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><rect width="20" height="20" fill="#f00"/></svg>'


class Listener:
    """Counts what arrives on one port of loopback, over TCP and UDP."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.tcp = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self.tcp.getsockname()[1]
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        for work in (self._accept, self._receive):
            threading.Thread(target=work, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.tcp.accept()
                with connection:
                    connection.settimeout(0.2)
                    with suppress(OSError):
                        self.heard.append(f"tcp {connection.recv(200)!r}")

    def _receive(self) -> None:
        with suppress(OSError):
            while True:
                self.heard.append(f"udp {self.udp.recv(200)!r}")

    def close(self) -> None:
        self.tcp.close()
        self.udp.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    found = Listener()
    yield found
    found.close()


def _played(ffmpeg_path: Path, project: Path, frames: int = 4) -> tuple[tuple[str, ...], bytes]:
    """Show a project's first frames; what its page wrote to the console as errors, and the last picture."""
    browser = Chromium(Ffmpeg(str(ffmpeg_path)), MediaInfo(), find=layer_browser)
    options = CaptureOptions(frame_rate=Fraction(30), picture=Picture.PNG)
    with browser.open(project, options, deadline=time.monotonic() + 60) as stage:
        pictures = [frame.picture for frame in stage.frames(0, frames, preroll=False)]
        time.sleep(0.5)  # for what leaves late
        return stage.said, pictures[-1]


def test_nothing_leaves_the_browser(ffmpeg_path: Path, tmp_path: Path, listener: Listener) -> None:
    """No channel that a page has reaches a listening port of this machine, by any of its names, and no file outside of
    its project is read or seen."""
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "outside.txt").write_text(_SECRET)
    (tmp_path / "outside.html").write_text('<body style="background:#f00">')
    (tmp_path / "outside.svg").write_text(_RED)
    (project / "outside.txt").symlink_to(tmp_path / "outside.txt")
    (project / "service.js").write_text(f'fetch("http://localhost:{listener.port}/from-service-worker")')
    for name, content in hostile_files(listener.port, tmp_path).items():
        (project / name).write_text(content)
    said, picture = _played(ffmpeg_path, project)
    assert [word for word in said if "file read" in word] == []
    assert "all tried" in said
    pixels = raw_rgba(picture)
    assert b"\xff\0\0" not in {pixels[at : at + 3] for at in range(0, len(pixels), 4)}
    assert listener.heard == []


def test_the_listener_hears(listener: Listener) -> None:
    """What the other test hears nothing on does hear."""
    with socket.create_connection(("127.0.0.1", listener.port)) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        connection.recv(1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
        datagram.sendto(b"stun", ("127.0.0.1", listener.port))
    give_up = time.monotonic() + 5
    while len(listener.heard) < 2 and time.monotonic() < give_up:
        time.sleep(0.01)
    assert sorted(heard[:3] for heard in listener.heard) == ["tcp", "udp"]


def _group(process: Path) -> int:
    """0 for one that has ended meanwhile."""
    try:
        return os.getpgid(int(process.name))
    except ProcessLookupError:
        return 0


def test_no_secret_is_in_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process of the browser has anything of ours in its environment."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", _SECRET)
    process = BrowserProcess(layer_browser())
    try:
        process.await_start()
        numbered = (path for path in Path("/proc").iterdir() if path.name.isdigit())
        group = [path for path in numbered if _group(path) == process.pid]
        environments = [(path / "environ").read_bytes() for path in group]
        assert environments
        assert not [found for found in environments if b"AWS_" in found or _SECRET.encode() in found]
    finally:
        process.close()
    assert not Path(f"/proc/{process.pid}").exists()
