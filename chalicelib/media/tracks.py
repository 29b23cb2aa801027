"""Which tracks of sound and text are published, and as what. Pure.

Sound: every track that a decoder takes becomes a stereo rendition, because each player has that. A deployment may keep
surround: a track of six channels or more then has a second rendition in 5.1, for the players that ask for it. The
default track of the source comes first, and the first is the default of every manifest; the others keep their order.

Text: subtitles that are text become WebVTT. Bitmap subtitles are pictures of text and are left out; the asset's source
lists them. No subtitle is on by default: who wants to read switches it on, or has told the player.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chalicelib.media.plan import AudioRendition, TextRendition
from chalicelib.media.source import UNKNOWN_LANGUAGE, AudioTrack, Source, TextTrack, default_audio, language_tag
from chalicelib.media.timing import Scan

MAX_AUDIO_TRACKS = 16
MAX_TEXT_TRACKS = 32

AUDIO_NAME = "audio"
SURROUND_NAME = "surround"
TEXT_NAME = "text"

STEREO_CHANNELS = 2
STEREO_BITRATE_BPS = 128_000
SURROUND_CHANNELS = 6
SURROUND_BITRATE_BPS = 384_000

TEXT_CODECS = frozenset({"ass", "mov_text", "ssa", "subrip", "text", "webvtt"})
"""ffmpeg's names of the subtitle codecs that hold text."""


def choose_audio(source: Source, scan: Scan, *, keep_surround: bool) -> tuple[AudioRendition, ...]:
    """The renditions of sound: each track in stereo, the default one first; then what is kept in surround."""
    heard = [track for track, packets in zip(source.audio, scan.audio, strict=False) if packets and packets.pts]
    first = default_audio(heard)
    ordered = sorted(heard, key=lambda track: track is not first)
    stereo = [
        _audio_rendition(AUDIO_NAME, number, track, STEREO_CHANNELS, STEREO_BITRATE_BPS)
        for number, track in enumerate(ordered, 1)
    ]
    surround = [
        _audio_rendition(SURROUND_NAME, number, track, SURROUND_CHANNELS, SURROUND_BITRATE_BPS)
        for number, track in enumerate(ordered, 1)
        if keep_surround and track.channels >= SURROUND_CHANNELS
    ]
    return (*stereo, *surround)


def choose_text(source: Source, scan: Scan) -> tuple[TextRendition, ...]:
    """The subtitles to convert, in file order. ffmpeg says which there are, MediaInfo what they are called."""
    known = source.text if len(source.text) == len(scan.text) else ()
    positions = [position for position, codec in enumerate(scan.text) if codec in TEXT_CODECS]
    return tuple(
        _text_rendition(number, position, known[position] if known else None)
        for number, position in enumerate(positions[:MAX_TEXT_TRACKS], 1)
    )


def labels(tracks: Sequence[AudioRendition] | Sequence[TextRendition], unnamed: str) -> dict[int, str]:
    """What menus call each track, by its position in the source: the title, else the language, else `unnamed`.

    Tracks that would have the same name are numbered, because a name stands for one track (RFC 8216 4.3.4.1.1).
    """
    bases: dict[int, str] = {}
    for track in tracks:
        language = language_tag(track.language)
        bases.setdefault(track.position, track.title or (unnamed if language == UNKNOWN_LANGUAGE else language))
    return dict(zip(bases, distinct_labels(bases.values()), strict=True))


def distinct_labels(names: Iterable[str], taken: Iterable[str] = ()) -> tuple[str, ...]:
    """The names in their order, each numbered that is taken or was there before."""
    used, chosen = set(taken), []
    for base in names:
        name, number = base, 2
        while name in used:
            name, number = f"{base} {number}", number + 1
        used.add(name)
        chosen.append(name)
    return tuple(chosen)


def _audio_rendition(folder: str, number: int, track: AudioTrack, channels: int, bitrate_bps: int) -> AudioRendition:
    return AudioRendition(
        name=_numbered(folder, number),
        position=track.position,
        language=track.language,
        channels=channels,
        bitrate_bps=bitrate_bps,
        title=track.title,
    )


def _text_rendition(number: int, position: int, track: TextTrack | None) -> TextRendition:
    return TextRendition(
        name=_numbered(TEXT_NAME, number),
        position=position,
        language=track.language if track else UNKNOWN_LANGUAGE,
        title=track.title if track else "",
        forced=track.forced if track else False,
    )


def _numbered(folder: str, number: int) -> str:
    """The first of its kind has the plain name."""
    return folder if number == 1 else f"{folder}-{number}"
