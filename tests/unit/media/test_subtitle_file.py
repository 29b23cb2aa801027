"""What customers send as subtitles: taken where it has one meaning, refused with the line where it has not."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import CaptionsInvalid
from chalicelib.media.subtitle_file import MAX_SUBTITLE_BYTES, SubtitleFormat, read_subtitles
from chalicelib.media.webvtt import Cue, subtitles_vtt

SRT = "1\n00:00:01,000 --> 00:00:02,500\nGrüße\n\n2\n00:00:02,000 --> 00:00:04,000\nzwei\nZeilen\n"
CUES = (Cue(1000, 2500, "Grüße"), Cue(2000, 4000, "zwei\nZeilen"))
VTT = "WEBVTT - a title\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\n"


def cues(text: str | bytes, form: SubtitleFormat | None = None, language: str = "de") -> tuple[Cue, ...]:
    return read_subtitles(text if isinstance(text, bytes) else text.encode(), form=form, language=language)


@pytest.mark.parametrize(
    "data",
    [
        SRT.encode(),
        SRT.encode("utf-8-sig"),
        SRT.replace("\n", "\r\n").encode(),
        SRT.replace("\n", "\r").encode(),
        SRT.encode("utf-16"),
        SRT.encode("utf-16-le"),
        SRT.encode("utf-16-be"),
        SRT.encode("cp1252"),
        f"\n\n{SRT}\n\n".encode(),
        SRT.replace("1\n00", "00").replace("2\n00", "00").encode(),
        SRT.replace("00:00:0", "0:0").replace(",", ".").encode(),
        SRT.replace(" --> ", "-->").replace("2,500", "2,500  X1:10 X2:20").encode(),
        (VTT + SRT.replace(",", ".").replace("00:00:", "00:")).encode(),
    ],
)
def test_one_meaning_in_many_forms(data: bytes) -> None:
    """Encodings, marks, line ends, missing numbers and hours do not change what a file says."""
    assert cues(data) == CUES


def test_markup_is_reduced_to_what_every_player_knows() -> None:
    """Fonts, overrides, voices and classes go; bold, italic and underlined stay; anything else is text."""
    srt = '1\n00:00:01,000 --> 00:00:02,000\n{\\an8}<font color="#fff"><I>a</I></font> <x> & b -- c\n'
    assert cues(srt) == (Cue(1000, 2000, "<i>a</i> &lt;x> &amp; b -- c"),)
    vtt = f"{VTT}00:01.000 --> 00:02.000 align:start evil:1 line:10%\n<v Ann><c.red>a</c><00:01.500> <b>b</b></v>\n"
    assert cues(vtt) == (Cue(1000, 2000, "a <b>b</b>", "align:start line:10%"),)
    assert "00:00:01.000 --> 00:00:02.000 align:start line:10%\na <b>b</b>\n" in subtitles_vtt(cues(vtt))


def test_what_is_no_cue_is_left_out() -> None:
    """Notes, styles, regions, cues of no length and cues without text say nothing."""
    vtt = f"{VTT}STYLE\n::cue {{ color: red }}\n\nNOTE x\n\nREGION\nid:a\n\nname\n00:01.000 --> 00:02.000\na\n"
    assert cues(vtt) == (Cue(1000, 2000, "a"),)
    assert cues(f"{SRT}\n3\n00:00:05,000 --> 00:00:05,000\nnever\n\n4\n00:00:06,000 --> 00:00:07,000\n\n") == CUES


def test_an_empty_line_inside_a_subtitle() -> None:
    """In SubRip it belongs to the subtitle, as players have it; a number alone is text there."""
    assert cues("1\n00:00:01,000 --> 00:00:02,000\na\n\nb\n\n42\n")[0].text == "a\nb\n42"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("1\n00:00:01,000 -> 00:00:02,000\na\n", 2, "expected a time"),
        ("hello\n", 1, "expected a time"),
        (f"{SRT}\n3\n00:00:0x,000 --> 00:00:09,000\nc\n", 11, "expected a time"),
        (f"{SRT}\n3\n00:00:08,00 00:00:09,000\nc\n", 11, "expected a time"),
        ("1\n00:00:01,5 --> 00:00:02,500\na\n", 2, "expected a time"),
        ("1\n00:00:61,000 --> 00:01:02,500\na\n", 2, "expected a time"),
        ("1\n00:00:05,000 --> 00:00:02,500\na\n", 2, "ends before it begins"),
        ("1\n00:00:01,000 --> 00:00:02,500\na\n2\n00:00:03,000 --> 00:00:04,000\nb\n", 5, "without an empty line"),
        (f"{VTT}00:01.000 --> 00:02.000\na\n\nb\n", 7, "expected a time"),
        ("1\n00:00:01,000 --> 00:00:02,000\na\0\n", 3, "zero byte"),
    ],
)
def test_what_may_mean_two_things_names_its_line(text: str, line: int, said: str) -> None:
    """Nothing is guessed: whoever sent the file is told which line to look at."""
    with pytest.raises(CaptionsInvalid, match=said) as caught:
        cues(text)
    assert caught.value.context["line"] == line
    assert caught.value.message.startswith(f"line {line}: ")


def test_an_unknown_alphabet_is_refused() -> None:
    """Bytes that are no UTF-8 could be any letters, unless the language is one that is written in Latin-1."""
    data = SRT.encode("cp1252")
    for language in ("ru", "und", "pl-PL"):
        with pytest.raises(CaptionsInvalid, match="line 3: this is not UTF-8"):
            cues(data, language=language)
    with pytest.raises(CaptionsInvalid, match="neither UTF-8 nor Latin-1"):
        cues(SRT.encode().replace(b"z", b"\x9d"))
    with pytest.raises(CaptionsInvalid, match="begins as UTF-16"):
        cues(SRT.encode("utf-16")[:-1])


@pytest.mark.parametrize("data", [b"", b"\n\n", b"WEBVTT\n", b"\xef\xbb\xbf", b"x" * (MAX_SUBTITLE_BYTES + 1)])
def test_nothing_and_too_much(data: bytes) -> None:
    """A file has at least one subtitle and at most a megabyte."""
    with pytest.raises(CaptionsInvalid):
        cues(data)


def test_the_named_format_is_held_to() -> None:
    """Who says WebVTT and sends SubRip is told."""
    with pytest.raises(CaptionsInvalid, match="line 1: a WebVTT file begins with WEBVTT"):
        cues(SRT, SubtitleFormat.VTT)


@given(st.binary(max_size=400) | st.text(alphabet="1:,.->\n 0<>&{}\\abWEBVT\r", max_size=400).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Nothing else happens; what is read is in order, and opens no tag and ends no cue."""
    try:
        found = cues(data)
    except CaptionsInvalid:
        return
    assert [cue.start_ms for cue in found] == sorted(cue.start_ms for cue in found)
    assert all(cue.start_ms < cue.end_ms and cue.text for cue in found)
    assert not any("-->" in cue.text or "\n\n" in cue.text or re.search(r"<(?!/?[biu]>)", cue.text) for cue in found)


@given(
    st.lists(st.tuples(st.integers(0, 10**7), st.integers(1, 10**6), st.sampled_from(["a", "b <i>c</i>"])), min_size=1)
)
def test_what_is_written_is_read_back(items: list[tuple[int, int, str]]) -> None:
    """The published file is WebVTT that says the same."""
    made = tuple(
        sorted(
            (Cue(start, start + length, text) for start, length, text in items), key=lambda c: (c.start_ms, c.end_ms)
        )
    )
    assert cues(subtitles_vtt(made), SubtitleFormat.VTT) == made
