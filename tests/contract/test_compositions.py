"""Compositions become videos: real browser, real encoder, every format, and the same frames however they are cut."""

from __future__ import annotations

import array
import io
import re
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from chalicelib.composition.capture import MediaClip
from chalicelib.composition.rgba import raw_rgba
from chalicelib.errors import (
    AssemblyFailed,
    BrowserVersionMismatch,
    CompositionNavigated,
    CompositionTooSlow,
    CompositionUnplayable,
    FfmpegVersionMismatch,
    NotMediaPayload,
    PlanArtifactMismatch,
    PlanMismatch,
)
from chalicelib.tools import Chromium, Ffmpeg, MediaInfo
from tests.browser import layer_browser
from tests.screening import BUCKET, Puppet, Screening

# A ball that CSS moves, a bar that a script draws by the clock, and a tone from 0.2 s to 0.6 s; 20 frames of 25 fps.
_PAGE = """<!doctype html><meta charset="utf-8"><style>
html, body { margin: 0; %s }
#stage { position: relative; width: 320px; height: 180px; overflow: hidden }
#ball { position: absolute; top: 60px; width: 60px; height: 60px; border-radius: 30px; background: #fa3;
        animation: go 0.7s linear both }
@keyframes go { to { transform: translateX(260px) } }
</style><meta name="sluice:duration" content="0.8">
<div id="stage" %s data-width="320" data-height="180">
<div id="ball"></div><canvas id="bar" width="320" height="20"></canvas>%s</div>
<script>
const bar = document.getElementById("bar").getContext("2d");
let frames = 0;
(function draw() {
  bar.clearRect(0, 0, 320, 20);
  bar.fillStyle = "#3af";
  bar.fillRect(0, 0, %s, 20);
  requestAnimationFrame(draw);
})();
</script>"""
_TONE = '<audio src="tone.wav" data-start="0.2" data-duration="0.4" data-volume="0.8" data-track-index="1"></audio>'
_TIMELINE = 'data-composition-id="main" data-start="0" data-duration="0.8"'
"""What makes a page HyperFrames' own; without it, the page is any page, on our clock."""
_BY_CLOCK = "performance.now() * 0.3"
_BY_COUNTING = "Math.min(320, ++frames * 5)"
_DARK = "background: #123"
_CONFIG = {"fps": 25}

Show = Callable[..., Screening]


@pytest.fixture(scope="module")
def chromium(ffmpeg_path: Path) -> Iterator[Chromium]:
    """The browser of the layer."""
    made = Chromium(Ffmpeg(str(ffmpeg_path)), MediaInfo(), find=layer_browser)
    yield made
    made.close()


@pytest.fixture(scope="session")
def tone(ffmpeg_path: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("tone") / "tone.wav"
    _run(ffmpeg_path, "-f", "lavfi", "-i", "sine=f=440:r=44100:d=1", str(path))
    return path.read_bytes()


@pytest.fixture
def show(tmp_path: Path, ffmpeg_path: Path, chromium: Chromium, tone: bytes) -> Show:
    def make(
        *,
        bar: str = _BY_CLOCK,
        background: str = _DARK,
        sound: str = _TONE,
        timeline: str = _TIMELINE,
        **files: bytes,
    ) -> Screening:
        page = (_PAGE % (background, timeline, sound, bar)).encode()
        project = {"index.html": page, "tone.wav": tone, **files}
        return Screening(tmp_path / "objects", project, ffmpeg_path, chromium)

    return make


def _run(ffmpeg: Path, *words: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([ffmpeg, "-v", "info", "-nostats", "-y", *words], input=data, capture_output=True, check=True)


@pytest.fixture
def look(ffmpeg_path: Path, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Run ffmpeg over a file of these bytes."""

    def run(data: bytes, *words: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[bytes]:
        path = tmp_path / "looked-at"
        path.write_bytes(data)
        return _run(ffmpeg_path, *before, "-i", str(path), *words)

    return run


Look = Callable[..., Any]


def _frames(packed: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("bar", "timeline"),
    [(_BY_CLOCK, _TIMELINE), (_BY_COUNTING, ""), (_BY_COUNTING, _TIMELINE)],
    ids=["by the clock", "by counting frames", "by counting frames, under the published runtime"],
)
def test_frames_are_the_same_however_they_are_cut(show: Show, bar: str, timeline: str) -> None:
    """One, two and four chunks give the same pictures bit by bit, also of a page that adds up state."""
    screening = show(bar=bar, timeline=timeline)
    whole = _frames(screening.make("one", **_CONFIG, format="png-sequence", chunkSize=20))
    assert list(whole) == [*(f"frame_{number:06d}.png" for number in range(1, 21)), "audio.m4a"]
    assert len(set(whole.values())) > 15
    for size in (10, 5):
        assert _frames(screening.make(f"by{size}", **_CONFIG, format="png-sequence", chunkSize=size)) == whole


def test_chunks_joined_are_one_video(show: Show, look: Look, ffmpeg_path: Path, tmp_path: Path) -> None:
    """Cut in four or not at all: every frame on its time, and decoded pictures that differ by less than 55 dB."""
    screening = show()
    videos = []
    for size in (20, 5):
        videos.append(tmp_path / f"{size}.mp4")
        videos[-1].write_bytes(screening.make(f"by{size}", **_CONFIG, chunkSize=size, crf=4))
    shown = look(videos[1].read_bytes(), "-map", "0:v", "-f", "framecrc", "-").stdout.decode().splitlines()
    times = [int(line.split(",")[2]) for line in shown if not line.startswith("#")]
    assert "#tb 0: 1/25" in shown
    assert times == list(range(20))
    graph = "[0:v][1:v]psnr"
    compared = _run(ffmpeg_path, "-i", str(videos[0]), "-i", str(videos[1]), "-lavfi", graph, "-f", "null", "-")
    found = re.search(rb"average:(inf|[\d.]+)", compared.stderr)
    assert found is not None
    assert float(found[1]) >= 55


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"fps": "30000/1001"}, r"h264 \(High\).* yuv420p\(tv, bt709.* 320x180 .* 29\.97 fps"),
        ({"codec": "h265"}, r"hevc \(Main\) \(hvc1 .* yuv420p\(tv, bt709.* 320x180 .* 25 fps"),
        ({"format": "webm"}, r"vp9 .* yuva420p\(tv, bt709.* 320x180.* 25 fps"),
        ({"format": "mov"}, r"prores \(4444\) \(ap4h .* yuva444p12le\(tv, bt709.* 320x180.* 25 fps"),
        ({"format": "gif"}, r"gif, bgra, 320x180 .* 25 fps"),
    ],
    ids=lambda value: value.get("format", value.get("codec", "h264")) if isinstance(value, dict) else "",
)
def test_every_format_comes_out_whole(show: Show, look: Look, config: dict[str, object], said: str) -> None:
    """The codec, size, rate and colours that were asked for, every frame, and sound where the format has any."""
    data = show(background="").make("x", **{**_CONFIG, **config}, chunkSize=7)
    # The built-in decoder of VP9 knows nothing of transparency.
    before = ("-c:v", "libvpx-vp9") if config.get("format") == "webm" else ()
    seen = look(data, "-map", "0:v", "-f", "rawvideo", "-pix_fmt", "rgba", "-", before=before)
    told = seen.stderr.decode()
    assert re.search(said, told), told
    frames = len(seen.stdout) // (320 * 180 * 4)
    assert frames == (24 if config.get("fps") else 20)
    assert ("Audio:" in told.partition("Output")[0]) is (config.get("format") != "gif")
    if config.get("format") in ("webm", "mov"):
        corner, ball = 4 * (320 * 179 + 319), 4 * (320 * 90 + 30)
        assert seen.stdout[corner + 3] == 0
        assert seen.stdout[ball + 3] == 255


def test_what_a_page_does_wrong_is_told_with_its_plan(show: Show) -> None:
    """A script that fails and what was not served stop nothing, but the author hears of them."""
    wrong = '<img src="gone.png"><img src="https://example.com/a.png"><script>throw new Error("mine")</script>'
    told = "\n".join(show(sound=wrong).plan("x", **_CONFIG, chunkSize=20).answer["Warnings"])
    assert "page-error: Error: mine" in told
    assert "file-missing: gone.png is not in the project" in told
    assert "network-refused: https://example.com/a.png" in told


def test_a_page_that_leaves_says_so_at_once(show: Show) -> None:
    """It is not waited for until its time is over."""
    with pytest.raises(CompositionNavigated):
        show(sound='<script>location.href = "https://example.com/"</script>').plan("x", **_CONFIG)


def test_a_page_without_length_is_told_what_to_write(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where HyperFrames' runtime waits for one to come."""
    monkeypatch.setattr("chalicelib.tools.stage._READY_S", 1.0)
    with pytest.raises(CompositionUnplayable, match="data-duration"):
        show(**{"index.html": b'<div data-composition-id="main" data-width="160" data-height="90">'}).plan("x")


@pytest.mark.parametrize("bar", [_BY_CLOCK, _BY_COUNTING], ids=["clock", "counting"])
def test_a_part_shows_what_the_whole_shows(show: Show, bar: str) -> None:
    """The frames of a range, cut in two, and a still are those of the whole, also where the page adds up its frames."""
    screening = show(bar=bar, sound="")
    sequence = {**_CONFIG, "format": "png-sequence"}
    whole = _frames(screening.make("whole", **sequence, chunkSize=20))
    part = _frames(screening.make("part", **sequence, frameRange=[8, 12], chunkSize=3))
    assert part == {name: whole[name] for name in [f"frame_{number:06d}.png" for number in range(9, 14)]}
    assert screening.make("still", **_CONFIG, format="png", frame=-2) == whole["frame_000019.png"]


def test_a_part_keeps_its_sound(show: Show, look: Look) -> None:
    """Frames 8 to 17 begin at 0.32 s: the tone is there at once, and ends 0.28 s later."""
    data = show().make("x", **_CONFIG, frameRange=[8, 17], chunkSize=20)
    samples = array.array("h", look(data, "-map", "0:a", "-ac", "1", "-f", "s16le", "-").stdout)
    loud = [at for at, sample in enumerate(samples) if abs(sample) > 500]
    assert loud[0] / 48_000 < 0.01
    assert abs(loud[-1] / 48_000 - 0.28) < 0.01
    assert len(re.findall(rb"(?m)^0,", look(data, "-map", "0:v", "-f", "framecrc", "-").stdout)) == 10


def test_a_jpeg_is_one_frame(show: Show, look: Look) -> None:
    """Of the composition's size, in full quality."""
    data = show(sound="").make("x", **_CONFIG, format="jpeg", frame=3)
    assert data[:3] == b"\xff\xd8\xff"
    assert re.search(rb"mjpeg .* 320x180", look(data, "-f", "null", "-").stderr)


def test_a_sequence_keeps_transparency(show: Show) -> None:
    """Its pictures are those of the browser, the page's background left out."""
    frames = _frames(show(background="", sound="").make("x", **_CONFIG, format="png-sequence", chunkSize=20))
    pixels = raw_rgba(frames["frame_000001.png"])
    assert pixels[-1] == 0
    assert pixels[4 * (320 * 90 + 30) :][:4] == bytes((0xFF, 0xAA, 0x33, 0xFF))


@pytest.mark.parametrize("format", ["mp4", "webm", "mov"])
def test_sound_is_where_the_timeline_has_it(show: Show, look: Look, format: str) -> None:
    """Two clips, one entered in the middle, from 0.2 s to 0.7 s, to 10 ms; the track is as long as the picture."""
    entered = _TONE.replace('start="0.2"', 'start="0.2" data-media-start="0.1"')
    data = show(sound=entered + _TONE.replace("0.2", "0.3")).make("x", **_CONFIG, format=format, chunkSize=10)
    heard = look(data, "-map", "0:a", "-ac", "1", "-f", "s16le", "-")
    assert b"Duration: 00:00:00.8" in heard.stderr
    samples = array.array("h", heard.stdout)
    loud = [at for at, sample in enumerate(samples) if abs(sample) > 500]
    assert abs(loud[0] / 48_000 - 0.2) < 0.01
    assert abs(loud[-1] / 48_000 - 0.7) < 0.01
    # In whole packets of 1024 samples.
    assert abs(len(samples) / 48_000 - 0.8) < 0.022


def test_sound_is_mixed_once_and_alike(show: Show) -> None:
    """The sound of four chunks is that of one, byte by byte, because it is no chunk's."""
    screening = show()
    stored = {screening.plan(f"by{size}", **_CONFIG, chunkSize=size).answer["AudioS3Uri"] for size in (20, 5)}
    assert len({screening.read(uri) for uri in stored}) == 1
    assert len(stored) == 2


def test_a_repeated_step_changes_nothing(show: Show, chromium: Chromium) -> None:
    """A chunk whose receipt is there starts no browser; one that is rendered again has the same bytes; so has the
    plan, and the output."""
    screening = show()
    planned = screening.plan("x", **_CONFIG, chunkSize=10)
    assert screening.plan("x", **_CONFIG, chunkSize=10).digest == planned.digest
    answers = [screening.render(planned, index) for index in range(planned.chunks)]
    receipt = screening.receipt_at(str(answers[0]["ChunkS3Uri"]))
    assert (receipt.frames, receipt.sha256) == (10, answers[0]["Sha256"])
    first = screening.assemble(planned)
    screening.tools = replace(
        screening.tools, chromium=Chromium(screening.tools.ffmpeg, screening.tools.mediainfo, find=_no_browser)
    )
    again = screening.render(planned, 0)
    assert {**again, "DurationMs": 0} == {**answers[0], "DurationMs": 0}
    assert screening.assemble(planned) == first
    screening.tools = replace(screening.tools, chromium=chromium)
    other = screening.render(planned, 0, prefix_uri=f"s3://{BUCKET}/renders/elsewhere/")
    assert other["Sha256"] == answers[0]["Sha256"]
    assert other["ChunkS3Uri"] != answers[0]["ChunkS3Uri"]


def _no_browser() -> Any:
    raise AssertionError("a browser was started")


def test_chunks_of_another_plan_are_refused(show: Show) -> None:
    """A hash that is not the plan's, a chunk that it has not, another format, and chunks that are not all there."""
    screening = show(sound="")
    planned = screening.plan("x", **_CONFIG, chunkSize=10)
    for changes in ({"plan_hash": "0" * 64}, {"format": "webm"}):
        with pytest.raises(PlanMismatch):
            screening.render(planned, 0, **changes)
        with pytest.raises(PlanMismatch):
            screening.assemble(planned, **changes)
    for index in (-1, 2):
        with pytest.raises(PlanMismatch):
            screening.render(planned, index)
    screening.render(planned, 0)
    with pytest.raises(AssemblyFailed):
        screening.assemble(planned)
    with pytest.raises(PlanMismatch):
        screening.assemble(planned, chunk_uris=(f"s3://{BUCKET}/renders/x/chunks/00000.mp4",))


def test_chunks_may_be_named_one_by_one(show: Show) -> None:
    """As clients of the open contract do; in another order they are not the plan's, and a changed one is found."""
    screening = show(sound="")
    planned = screening.plan("x", **_CONFIG, chunkSize=10)
    uris = tuple(str(screening.render(planned, index)["ChunkS3Uri"]) for index in range(2))
    assert screening.assemble(planned, chunk_uris=uris, plan_hash=None) == screening.assemble(planned)
    with pytest.raises(AssemblyFailed):
        screening.assemble(planned, chunk_uris=uris[::-1])
    key = uris[1].removeprefix(f"s3://{BUCKET}/")
    screening.objects.write(BUCKET, key, b"something else")
    with pytest.raises(PlanArtifactMismatch):
        screening.assemble(planned)
    screening.objects.delete(BUCKET, key)
    with pytest.raises(PlanArtifactMismatch):
        screening.assemble(planned)


def test_a_worker_that_was_not_planned_for_refuses(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another ffmpeg or another browser may not add a chunk."""
    screening = show(sound="")
    planned = screening.plan("x", **_CONFIG, chunkSize=20)
    with monkeypatch.context() as other:
        other.setattr(Ffmpeg, "version", lambda _: "n9")
        with pytest.raises(FfmpegVersionMismatch):
            screening.render(planned, 0)
    with monkeypatch.context() as other:
        other.setattr(Chromium, "version", lambda _: "999")
        with pytest.raises(BrowserVersionMismatch):
            screening.render(planned, 0)


def test_sound_that_is_none_is_named(show: Show) -> None:
    """A clip whose file holds no sound, or is no media at all, fails the plan by the file's name."""
    screening = show(**{"list.wav": b"#EXTM3U\nfile:///etc/passwd\n"})
    for path in ("list.wav", "index.html"):
        clip = MediaClip(path, "audio", Fraction(0), None, Fraction(0), 1.0, Fraction(1))
        screening.tools = replace(screening.tools, chromium=Puppet(media=(clip,)))
        with pytest.raises(NotMediaPayload, match=path):
            screening.plan("x", **_CONFIG)


def test_the_size_that_is_asked_for_is_made(show: Show, look: Look) -> None:
    """Twice as large is drawn twice as large, in whole and in chunks."""
    data = show(sound="").make("x", **_CONFIG, width=640, height=360, chunkSize=10)
    assert re.search(rb"h264.* 640x360 ", look(data, "-f", "null", "-").stderr)


def test_a_size_of_other_proportions_is_refused(show: Show) -> None:
    """Nobody gets a picture that is squeezed or framed without having asked."""
    with pytest.raises(CompositionUnplayable):
        show(sound="").plan("x", **_CONFIG, width=320, height=320)


def test_too_little_time_ends_everything(show: Show) -> None:
    """It is an error that is not tried again, no receipt is left, and who has more time does it all."""
    screening = show(sound="")
    planned = screening.plan("x", **_CONFIG, chunkSize=20)
    patience_s, screening.patience_s = screening.patience_s, 0.05
    with pytest.raises(CompositionTooSlow):
        screening.render(planned, 0)
    screening.patience_s = patience_s
    assert not [key for key in screening.objects.list_keys(BUCKET, "renders/") if "/chunks/" in key]
    assert screening.render(planned, 0)["FramesEncoded"] == 20
