"""Files of subtitles as customers send them, SubRip or WebVTT, read into cues.

Such files come from many hands, so what has one meaning is taken although it is not by the book: a byte order mark, any
line ends, UTF-16, times with a point or without hours, missing numbers, an empty line inside a subtitle of SubRip,
overlapping cues. What could mean two things is refused with the number of its line, because a cue that is lost in
silence is found by a viewer. Markup other than bold, italic and underlined is dropped; so are a file's own styles.

An old SubRip file may be in Windows' Latin-1. Every byte means something there, so it cannot be told from another
alphabet's encoding: it is taken for it only if the language is one that is written so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum

from chalicelib.errors import CaptionsInvalid
from chalicelib.media.webvtt import MAX_CUES, Cue, in_order, safe_text

MAX_SUBTITLE_BYTES = 1024**2


class SubtitleFormat(StrEnum):
    SRT = "srt"
    VTT = "vtt"


_LATIN = "cp1252"
_LATIN_LANGUAGES = frozenset(
    {"af", "br", "ca", "co", "da", "de", "en", "es", "et", "eu", "fi", "fo", "fr", "ga", "gd", "gl", "id", "is", "it"}
) | {"la", "lb", "ms", "nb", "nl", "nn", "no", "oc", "pt", "rm", "sq", "sv", "sw"}
_TIME = r"(?:([0-9]{1,4}):)?([0-5]?[0-9]):([0-5]?[0-9])[.,]([0-9]{3})"
_TIMING = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s+(.*))?")
_EXAMPLE = "00:00:01,000 --> 00:00:02,500"
_SIGNATURE = re.compile(r"WEBVTT(?:[ \t].*)?")
_NOT_CUES = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s.*)?")
_SETTING = re.compile(
    r"vertical:(?:rl|lr)"
    r"|line:-?[0-9]{1,4}(?:\.[0-9]{1,4})?%?(?:,(?:start|center|end))?"
    r"|position:[0-9]{1,3}(?:\.[0-9]{1,4})?%(?:,(?:line-left|center|line-right))?"
    r"|size:[0-9]{1,3}(?:\.[0-9]{1,4})?%"
    r"|align:(?:start|center|end|left|right)"
)
_DROPPED = {
    # Fonts, and the overrides of SubStation that SubRip files have.
    SubtitleFormat.SRT: re.compile(r"</?font(?:\s[^<>]*)?>|\{\\[^{}]*\}", re.IGNORECASE),
    # Classes, voices, languages, ruby and times inside a cue.
    SubtitleFormat.VTT: re.compile(r"</?(?:c|v|lang|ruby|rt)(?:[.\s][^<>]*)?>|<[0-9][0-9:.]*>"),
}
_PLAIN_TAG = re.compile(r"</?[BIU]>")
_CONTROL = re.compile(r"[\x01-\x08\x0b-\x1f\x7f]")


def read_subtitles(data: bytes, *, form: SubtitleFormat | None, language: str) -> tuple[Cue, ...]:
    """The cues of a file, in order of their beginning.

    Args:
        form: None means to look.
        language: A tag of BCP 47, for the encoding.

    Raises:
        CaptionsInvalid: With the line, where one is wrong.
    """
    if len(data) > MAX_SUBTITLE_BYTES:
        raise CaptionsInvalid(f"a file of subtitles may have at most {MAX_SUBTITLE_BYTES} bytes, this has {len(data)}")
    lines = _decode(data, language).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    signed = _SIGNATURE.fullmatch(lines[0]) is not None
    if form is SubtitleFormat.VTT and not signed:
        raise _wrong(1, "a WebVTT file begins with WEBVTT")
    found = _cues(lines, SubtitleFormat.VTT if signed else SubtitleFormat.SRT)
    cues = in_order(found)
    if not cues:
        raise CaptionsInvalid("the file has no subtitle in it")
    if len(cues) > MAX_CUES:
        raise CaptionsInvalid(f"a track may have at most {MAX_CUES} subtitles, this has {len(cues)}")
    return cues


def _decode(data: bytes, language: str) -> str:
    try:
        text = data.decode(_unicode_form(data))
    except UnicodeDecodeError as error:
        text = _latin(data, error, language)
    if "\0" in text:
        raise _wrong(text.count("\n", 0, text.index("\0")) + 1, "a zero byte: this is not a file of text")
    return text


def _unicode_form(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    # Every subtitle file begins with ASCII: a number, a time or WEBVTT.
    if data[:1] == b"\0" and data[1:2] != b"\0":
        return "utf-16-be"
    if data[1:2] == b"\0":
        return "utf-16-le"
    return "utf-8-sig"


def _latin(data: bytes, error: UnicodeDecodeError, language: str) -> str:
    line = data.count(b"\n", 0, error.start) + 1
    if error.encoding.startswith("utf-16") or error.encoding.startswith("utf_16"):
        raise _wrong(line, "the file begins as UTF-16, but is not: save it as UTF-8") from error
    if language.partition("-")[0].lower() not in _LATIN_LANGUAGES:
        detail = f"this is not UTF-8, and what else it is cannot be told for the language {language}: save it as UTF-8"
        raise _wrong(line, detail) from error
    try:
        return data.decode(_LATIN)
    except UnicodeDecodeError as unknown:
        line = data.count(b"\n", 0, unknown.start) + 1
        raise _wrong(line, "this is neither UTF-8 nor Latin-1: save it as UTF-8") from unknown


def _cues(lines: Sequence[str], form: SubtitleFormat) -> list[Cue]:
    found: list[tuple[int, int, str, list[str]]] = []
    for number, block in _blocks(lines):
        if form is SubtitleFormat.VTT and (number == 1 or _NOT_CUES.fullmatch(block[0])):
            continue
        at = next((place for place, line in enumerate(block[:2]) if "-->" in line), None)
        if at is None:
            _require_text(number, block, form, began=bool(found))
            _require_no_time(number, block)
            found[-1][3].extend(block)
            continue
        start, end, settings = _timing(number + at, block[at])
        _require_no_time(number + at + 1, block[at + 1 :])
        found.append((start, end, settings if form is SubtitleFormat.VTT else "", block[at + 1 :]))
    # What lasts no time is never seen.
    return [Cue(start, end, _text(text, form), kept) for start, end, kept, text in found if start < end]


def _blocks(lines: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Lines that follow each other without an empty one, and the number of the first, counted from 1."""
    block: list[str] = []
    for number, line in enumerate([*lines, ""], 1):
        if line.strip():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []


def _require_text(number: int, block: Sequence[str], form: SubtitleFormat, *, began: bool) -> None:
    """What has no time is the rest of the subtitle before an empty line, in SubRip alone."""
    numbered = block[0].strip().isdecimal() and len(block) > 1
    if numbered or not began or form is SubtitleFormat.VTT:
        line = number + 1 if numbered else number
        raise _wrong(line, f"expected a time such as {_EXAMPLE}, found {_quoted(block[1] if numbered else block[0])}")


def _require_no_time(number: int, lines: Sequence[str]) -> None:
    for place, line in enumerate(lines):
        if "-->" in line:
            raise _wrong(number + place, "a subtitle begins here without an empty line before it")


def _timing(number: int, line: str) -> tuple[int, int, str]:
    """Beginning and end in milliseconds, and the settings that are kept."""
    match = _TIMING.fullmatch(line.rstrip())
    if match is None:
        raise _wrong(number, f"expected a time such as {_EXAMPLE}, found {_quoted(line)}")
    groups = match.groups()
    start, end = _milliseconds(groups[:4]), _milliseconds(groups[4:8])
    if end < start:
        raise _wrong(number, "the subtitle ends before it begins")
    settings = " ".join(word for word in (groups[8] or "").split() if _SETTING.fullmatch(word))
    return start, end, settings


def _milliseconds(groups: Sequence[str | None]) -> int:
    hours, minutes, seconds, milliseconds = (int(group or 0) for group in groups)
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + milliseconds


def _text(lines: Sequence[str], form: SubtitleFormat) -> str:
    plain = (_CONTROL.sub("", _DROPPED[form].sub("", line)) for line in lines)
    return safe_text(_PLAIN_TAG.sub(lambda tag: tag[0].lower(), line) for line in plain)


def _quoted(line: str) -> str:
    return repr(line.strip()[:60])


def _wrong(line: int, detail: str) -> CaptionsInvalid:
    return CaptionsInvalid(f"line {line}: {detail}", line=line)
