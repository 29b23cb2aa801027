"""Sound and text of real files, through the very commands of the workers: every track, at its own time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.media.audio_commands import COVER_STREAM, cover_command, text_command
from chalicelib.media.plan import Plan
from chalicelib.media.webvtt import Cue, read_cues
from chalicelib.tools import Ffmpeg
from tests.contract.test_exact_chunks import OPTIONS, Bench, onset_s, soon
from tests.fixtures.media_factory import SOUND_LATE_S, MediaFactory

KEPT = replace(OPTIONS, keep_surround=True)
LATE_MS = round(SOUND_LATE_S * 1000)
CUES = (
    Cue(500 + LATE_MS, 2000 + LATE_MS, "Hello &amp; <i>world</i>"),
    Cue(2500 + LATE_MS, 5250 + LATE_MS, "Two\nlines"),
)


@pytest.fixture(scope="module")
def bench(ffmpeg_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(MediaFactory(ffmpeg_path, tmp_path_factory.mktemp("clips")), Ffmpeg(str(ffmpeg_path)))


def converted(bench: Bench, plan: Plan, clip: str, folder: Path) -> list[tuple[Cue, ...]]:
    command = text_command(plan, str(bench.factory.clip(clip)))
    bench.ffmpeg.run(command.arguments, cwd=folder, deadline=soon())
    return [read_cues((folder / name).read_text(), plan.duration) for name in command.outputs]


@pytest.mark.parametrize("clip", ["many.mkv", "many.mp4"])
def test_every_sound_is_published_at_its_time(bench: Bench, clip: str, tmp_path: Path) -> None:
    """The default track comes first, in stereo; 5.1 is kept beside it; each tone begins where it does in the source."""
    plan = bench.plan(clip, KEPT)
    found = [(each.name, each.position, each.language, each.channels, each.title) for each in plan.audio]
    assert found == [
        ("audio", 1, "en", 2, ""),
        ("audio-2", 0, "de", 2, "Ton"),
        ("surround", 1, "en", 6, ""),
    ]
    for number, rendition in enumerate(plan.audio):
        published = bench.sound(plan, clip, tmp_path, number)
        plain = bench.plain_sound(clip, rendition.position)
        assert onset_s(published) == pytest.approx(onset_s(plain), abs=0.01)
        listing = bench.factory.run("-i", str(tmp_path / f"{rendition.name}.mp4"), "-f", "framecrc", "-").decode()
        assert f"#channel_layout_name 0: {'5.1' if rendition.channels == 6 else 'stereo'}" in listing


@pytest.mark.parametrize("clip", ["many.mkv", "many.mp4"])
def test_subtitles_keep_their_times(bench: Bench, clip: str, tmp_path: Path) -> None:
    """SRT, ASS and MOV text give the same cues, to the millisecond (ASS: to its hundredth), plain markup included."""
    plan = bench.plan(clip)
    assert [(text.name, text.language) for text in plan.text] == [("text", "fr"), ("text-2", "pt")]
    # MP4 has no place for the mark.
    assert [text.forced for text in plan.text] == [False, clip == "many.mkv"]
    assert converted(bench, plan, clip, tmp_path) == [CUES, CUES]


def test_subtitles_share_the_origin_of_the_picture(bench: Bench, tmp_path: Path) -> None:
    """Where the source's clock starts late, text loses as much as picture and sound do."""
    plan = bench.plan("many.mkv")
    later = replace(plan, origin=plan.origin + 1)
    [moved, _] = converted(bench, later, "many.mkv", tmp_path)
    times = [(cue.start_ms, cue.end_ms) for cue in moved]
    assert times == [(max(cue.start_ms - 1000, 0), cue.end_ms - 1000) for cue in CUES]


@pytest.mark.parametrize("clip", ["cover.mp3", "cover.m4a"])
def test_a_cover_becomes_the_poster(bench: Bench, clip: str, tmp_path: Path) -> None:
    """The attached picture in its own size, and the plan asks for it."""
    plan = bench.plan(clip)
    assert plan.cover
    source = bench.factory.clip(clip)
    assert bench.ffmpeg.can_decode(source, plan.container, COVER_STREAM, soon())
    command = cover_command(plan, str(source))
    bench.ffmpeg.run(command.arguments, cwd=tmp_path, deadline=soon())
    assert b"#dimensions 0: 64x64" in bench.factory.run("-i", str(tmp_path / "poster.jpg"), "-f", "framecrc", "-")
    assert not bench.ffmpeg.can_decode(bench.factory.clip("sound.mp3"), plan.container, COVER_STREAM, soon())
