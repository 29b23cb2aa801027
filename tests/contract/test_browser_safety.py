"""A hostile page in the browser: nothing that it tries reaches a socket or a file, and no secret is there to find."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path

import pytest

from chalicelib.composition.capture import CaptureOptions
from chalicelib.tools import Chromium, Ffmpeg, MediaInfo
from chalicelib.tools.browser_process import BrowserProcess
from tests.browser import layer_browser

_SECRET = "a-secret-of-this-test"


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


@contextmanager
def _played(ffmpeg_path: Path, project: Path, frames: int = 12) -> Iterator[list[str]]:
    """Show a project's first frames; yields what its page wrote to the console as errors."""
    browser = Chromium(Ffmpeg(str(ffmpeg_path)), MediaInfo(), find=layer_browser)
    options = CaptureOptions(frame_rate=Fraction(30))
    with browser.open(project, options, deadline=time.monotonic() + 60) as stage:
        for _ in stage.frames(0, frames, preroll=False):
            pass
        time.sleep(0.5)  # for what leaves late
        yield [str(word) for word in stage.said]


def _hostile(base: str, host: str, port: int) -> str:
    return f"""<!doctype html><html><head>
<link rel="prefetch" href="{base}/prefetch"><link rel="preconnect" href="{base}"><link rel="dns-prefetch" href="{base}">
<link rel="preload" as="image" href="{base}/preload"><link rel="stylesheet" href="{base}/style.css">
<link rel="modulepreload" href="{base}/module.js"><link rel="icon" href="{base}/icon.png">
<link rel="prerender" href="{base}/prerender"><link rel="manifest" href="{base}/manifest.json">
<script type="speculationrules">{{"prefetch":[{{"urls":["{base}/speculated"]}}],
"prerender":[{{"urls":["{base}/speculated"]}}]}}</script>
<style>@import url("{base}/import.css"); body{{background:url("{base}/background.png")}}
@font-face{{font-family:x;src:url("{base}/font.woff")}} p{{font-family:x}}</style></head>
<body data-duration="1" data-width="160" data-height="90"><p>text</p>
<img src="{base}/img"><img srcset="{base}/srcset 1x"><iframe src="{base}/iframe"></iframe>
<video src="{base}/video.mp4" autoplay></video><audio src="{base}/audio.mp3" autoplay></audio>
<object data="{base}/object"></object><embed src="{base}/embed">
<script src="{base}/script.js"></script><script type="module">import("{base}/dynamic.js").catch(()=>0)</script>
<form id="f" action="{base}/form" method="post" target="t"><input name="a" value="b"></form><iframe name="t"></iframe>
<a id="ping" href="#" ping="{base}/ping">x</a>
<script>
const tries = [
  () => fetch("{base}/fetch").catch(() => 0), () => fetch("{base}/opaque", {{mode: "no-cors"}}).catch(() => 0),
  () => fetch("{base}/late", {{keepalive: true, method: "POST", body: "x"}}).catch(() => 0),
  () => {{ const x = new XMLHttpRequest(); x.open("POST", "{base}/xhr"); x.send("x"); }},
  () => {{ const x = new XMLHttpRequest(); x.open("GET", "{base}/sync", false); x.send(); }},
  () => navigator.sendBeacon("{base}/beacon", "x"), () => new WebSocket("ws://{host}:{port}/socket"),
  () => new EventSource("{base}/events"), () => window.open("{base}/window"), () => f.submit(),
  () => document.getElementById("ping").click(), () => new Worker("{base}/worker.js"),
  () => new Worker(URL.createObjectURL(new Blob([
    'fetch("{base}/from-worker").catch(()=>0);importScripts("{base}/i.js")']))),
  () => new SharedWorker("{base}/shared.js"), () => navigator.serviceWorker.register("/sw.js"),
  () => new WebTransport("https://{host}:{port}/transport"),
  () => {{ const c = new RTCPeerConnection({{iceServers: [{{urls: "stun:{host}:{port}"}},
    {{urls: "turn:{host}:{port}?transport=tcp", username: "a", credential: "b"}}]}});
    c.createDataChannel("x"); c.createOffer().then((o) => c.setLocalDescription(o)); }},
  () => {{ const n = document.createElement("meta"); n.httpEquiv = "refresh"; n.content = "9;url={base}/refresh";
    document.head.append(n); }},
  ...["file:///etc/passwd", "/../../../../etc/passwd", "/outside.txt", "/%2e%2e/outside.txt"].map((path) => () =>
    fetch(path).then((r) => r.text()).then((t) => console.error("file read " + t)).catch(() => 0)),
];
const all = () => {{
  for (const attempt of tries) {{ try {{ Promise.resolve(attempt()).catch(() => 0); }} catch (error) {{ 0; }} }}
}};
all();
requestAnimationFrame(all);
</script></body></html>"""


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_nothing_leaves_the_browser(ffmpeg_path: Path, tmp_path: Path, listener: Listener, host: str) -> None:
    """No channel that a page has reaches a listening port of this machine, and no file outside its project is read."""
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "outside.txt").write_text(_SECRET)
    (project / "outside.txt").symlink_to(tmp_path / "outside.txt")
    (project / "sw.js").write_text(f'fetch("http://{host}:{listener.port}/from-service-worker")')
    (project / "index.html").write_text(_hostile(f"http://{host}:{listener.port}", host, listener.port))
    with _played(ffmpeg_path, project) as said:
        assert [word for word in said if "file read" in word] == []
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
