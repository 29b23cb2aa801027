"""Subtitles as they are published: one WebVTT file for each track (W3C WebVTT 6.1).

Of tracks inside a source, ffmpeg does the decoding; here its cues are moved onto the presentation's clock, to the
millisecond, bounded by its duration, put in order and made safe: no text can open a tag other than the plain ones, or
end a cue. Files that customers send are read by subtitle_file.py. The file serves
HLS as its only segment and DASH as it is. It says that its clock is the media's (RFC 8216 3.5), which decoders of HLS
take for granted and others skip.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from chalicelib.media.decimals import clock, nearest

LEAD_S = Fraction(25 * 3600)
"""Seconds that cues are ahead in ffmpeg's output, so that what begins before the origin is still a time: a clip may
begin at the end of a day."""

MAX_CUES = 50_000

_TIME = r"(?:(\d{2,}):)?([0-5]\d):([0-5]\d)\.(\d{3})"
_TIMING = re.compile(rf"{_TIME} --> {_TIME}(?: .*)?")
_TAG = re.compile(r"<(?!/?[biu]>)")
_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|nbsp|lrm|rlm|#\d{1,7}|#x[0-9a-fA-F]{1,6});)")
_HEADER = "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n"


@dataclass(frozen=True, slots=True)
class Cue:
    """`text` is shown in [start_ms, end_ms) of the presentation, where `settings` of WebVTT (4.4) say, if they do."""

    start_ms: int
    end_ms: int
    text: str
    settings: str = ""


def read_cues(converted: str, duration: Fraction) -> tuple[Cue, ...]:
    """The cues of a file that `text_command` wrote, in order of their beginning.

    Args:
        duration: Seconds of the presentation; what lies outside of it is cut.
    """
    lead_ms, last_ms = nearest(LEAD_S * 1000), nearest(duration * 1000)
    found: list[tuple[int, int, list[str]]] = []
    for block in re.split(r"\n{2,}", converted.replace("\r", "").replace("\0", "")):
        first, _, rest = block.partition("\n")
        timing = _TIMING.fullmatch(first)
        if timing:
            start, end = _milliseconds(timing.groups()[:4]), _milliseconds(timing.groups()[4:])
            found.append((max(start - lead_ms, 0), min(end - lead_ms, last_ms), rest.split("\n")))
        elif found:
            # An empty line inside a subtitle.
            found[-1][2].extend(block.split("\n"))
    cues = (Cue(start, end, safe_text(lines)) for start, end, lines in found[:MAX_CUES] if start < end)
    return in_order(cues)


def in_order(cues: Iterable[Cue]) -> tuple[Cue, ...]:
    """Those that say something, by their beginning."""
    return tuple(sorted((cue for cue in cues if cue.text), key=lambda cue: (cue.start_ms, cue.end_ms)))


def subtitles_vtt(cues: tuple[Cue, ...]) -> str:
    """The published file."""
    blocks = (
        f"{clock(cue.start_ms)} --> {clock(cue.end_ms)}{f' {cue.settings}' if cue.settings else ''}\n{cue.text}\n"
        for cue in cues
    )
    return "\n".join([_HEADER, *blocks])


def _milliseconds(groups: tuple[str | None, ...]) -> int:
    hours, minutes, seconds, milliseconds = (int(group or 0) for group in groups)
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + milliseconds


def safe_text(lines: Iterable[str]) -> str:
    """The lines of a cue, without empty ones, such that only <b>, <i> and <u> are tags."""
    text = "\n".join(line.strip() for line in lines if line.strip())
    return _TAG.sub("&lt;", _AMPERSAND.sub("&amp;", text)).replace("-->", "--&gt;")
