"""Frames that are read out of the browser's memory, and what happens where they cannot be, or are not what is shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from chalicelib.composition.capture import Picture
from chalicelib.composition.plan import parse_plan
from chalicelib.composition.receipt import CompositionReceipt
from chalicelib.tools import Chromium, Ffmpeg, MediaInfo, pixels
from chalicelib.tools.process_memory import read_memory
from tests.browser import layer_browser
from tests.screening import Planned, Screening

# Large enough that Chromium's allocator gives its picture a mapping of its own; it stands still in the middle.
_PAGE = """<!doctype html><style>
  body { margin: 0; background: linear-gradient(#123, #f60); font: 90px serif; }
  p { position: absolute; left: 0; top: 40px; border-radius: 30px; box-shadow: 0 0 40px #000; background: #fff8; }
</style><body data-width="720" data-height="480" data-duration="0.6"><p>Reel</p><script>
  const move = (time) => {
    const at = time < 200 ? time : Math.max(200, time - 200);
    document.querySelector("p").style.transform = `translateX(${at * 1.37}px) rotate(${at / 40}deg)`;
    requestAnimationFrame(move);
  };
  requestAnimationFrame(move);
</script>"""
_FRAMES = 18

Reader = Callable[[int, int, int], bytes | None]


def _screening(page: str, ffmpeg_path: Path, folder: Path) -> Screening:
    chromium = Chromium(Ffmpeg(str(ffmpeg_path)), MediaInfo(), find=layer_browser)
    return Screening(folder, {"index.html": page.encode()}, ffmpeg_path, chromium)


@pytest.fixture
def screening(ffmpeg_path: Path, tmp_path: Path) -> Screening:
    return _screening(_PAGE, ffmpeg_path, tmp_path)


def _chunk(screening: Screening, planned: Planned, name: str) -> CompositionReceipt:
    prefix = f"s3://source-bucket/renders/{name}/"
    return screening.receipt_at(screening.render(planned, 0, prefix_uri=prefix)["ChunkS3Uri"])


def _refused(pid: int, address: int, size: int) -> None:  # noqa: ARG001
    return None


def _stuck() -> Reader:
    """After some frames it gives the same ones again, as memory does that nobody draws into any more."""
    held: list[bytes] = []

    def read(pid: int, address: int, size: int) -> bytes | None:
        if len(held) < 8:
            found = read_memory(pid, address, size)
            if found is None:
                return None
            held.append(found)
        return held[-1]

    return read


def test_memory_gives_what_screenshots_show(screening: Screening, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chunk has the same bytes whether its frames were read, could not be read, or were read wrongly at first."""
    planned = screening.plan("a", fps=30, chunkSize=_FRAMES)
    assert parse_plan(screening.read(planned.answer["PlanS3Uri"])).picture is Picture.PIXELS
    read = _chunk(screening, planned, "read")
    # The place is known before the first; those that repeat are not read again.
    assert read.frames_read >= 2 * _FRAMES // 3
    for name, reader in (("refused", _refused), ("stuck", _stuck())):
        monkeypatch.setattr(pixels, "read_memory", reader)
        other = _chunk(screening, planned, name)
        assert other.frames_read == 0, name
        assert (other.sha256, other.frames_sha256) == (read.sha256, read.frames_sha256), name


def test_a_page_that_is_drawn_larger_is_not_read(screening: Screening) -> None:
    """What the compositor draws of it is not what a screenshot shows, and the empty page had another size."""
    planned = screening.plan("a", fps=30, chunkSize=_FRAMES, width=1440, height=960)
    assert parse_plan(screening.read(planned.answer["PlanS3Uri"])).picture is Picture.JPEG
    assert _chunk(screening, planned, "larger").frames_read == 0


def test_a_plan_does_not_count_on_memory_that_is_refused(screening: Screening, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the planning worker may not read, all chunks take JPEG, which costs less than making pixels of PNG."""
    monkeypatch.setattr(pixels, "read_memory", _refused)
    planned = screening.plan("a", fps=30, chunkSize=_FRAMES)
    assert parse_plan(screening.read(planned.answer["PlanS3Uri"])).picture is Picture.JPEG
