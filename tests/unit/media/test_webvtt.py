"""Subtitles on the presentation's clock, and nothing in them that a player could mistake."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.media.webvtt import Cue, read_cues, subtitles_vtt


def cues(*blocks: str, seconds: int = 10) -> list[Cue]:
    return list(read_cues("\n\n".join(["WEBVTT", *blocks]) + "\n", Fraction(seconds)))


def test_cues_lose_the_lead() -> None:
    """ffmpeg wrote them an hour ahead."""
    assert cues("25:00:00.500 --> 25:00:02.000\nHello\nworld") == [Cue(500, 2000, "Hello\nworld")]


def test_cues_stay_within_the_presentation() -> None:
    """What began before is cut at zero, what ends behind is cut at the end, what lies outside is dropped."""
    before, within, behind = (
        "24:59:58.000 --> 25:00:01.000\na",
        "24:59:58.000 --> 24:59:59.000\nb",
        "25:00:09.000 --> 26:00:00.000\nc",
    )
    outside = "25:00:10.000 --> 25:00:11.000\nd"
    assert cues(before, within, behind, outside) == [Cue(0, 1000, "a"), Cue(9000, 10_000, "c")]


def test_cues_are_sorted() -> None:
    """WebVTT wants them in order of their beginning."""
    found = cues("25:00:02.000 --> 25:00:03.000\nb", "25:00:01.000 --> 25:00:04.000\na")
    assert [cue.text for cue in found] == ["a", "b"]


def test_an_empty_line_does_not_end_a_subtitle() -> None:
    """The text behind it belongs to the same cue; a subtitle of nothing but space is none."""
    found = cues("25:00:01.000 --> 25:00:02.000\na", "b", "25:00:03.000 --> 25:00:04.000\n  ")
    assert found == [Cue(1000, 2000, "a\nb")]


def test_plain_tags_remain_and_others_are_text() -> None:
    """Italic, bold and underlined; nothing else opens a tag, an entity or a timing."""
    [cue] = cues("25:00:01.000 --> 25:00:02.000\n<i>a</i> <c.x>b & c &amp; d --> e")
    assert cue.text == "<i>a</i> &lt;c.x>b &amp; c &amp; d --&gt; e"


def test_the_file() -> None:
    """A header that maps its clock to the media's, then the cues."""
    assert subtitles_vtt((Cue(0, 1500, "a"), Cue(3_600_000, 3_600_001, "b\nc"))) == (
        "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\n"
        "00:00:00.000 --> 00:00:01.500\na\n\n"
        "01:00:00.000 --> 01:00:00.001\nb\nc\n"
    )


@given(st.text())
def test_no_text_breaks_out_of_its_cue(text: str) -> None:
    """Whatever a subtitle says, the file has at most one timing line for it and no empty line inside."""
    written = subtitles_vtt(tuple(cues(f"25:00:01.000 --> 25:00:02.000\n{text}")))
    body = written.split("\n\n", 1)[1] if "\n\n" in written else ""
    assert body.count("-->") <= 1
    assert "\n\n" not in body.strip("\n")
