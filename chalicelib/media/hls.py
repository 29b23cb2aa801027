"""HLS playlists of a presentation (RFC 8216): multivariant, media and I-frame playlists. Each tag has one builder.

Decisions:
- Version 6 is the lowest that EXT-X-MAP needs outside I-frame playlists (section 7).
- The first variant is where most players start: the highest rendition whose peak stays within 2 Mbit/s, else the
  lowest (Apple's HLS authoring specification, 9.2 and 9.3). The others follow from the highest down, then those of
  other codecs, because every player knows the first.
- All playlists share one target duration (6.2.4).
- EXTINF values are differences of rounded times, so that rounding never adds up.
- BANDWIDTH is the peak of the video plus the highest peak of its audio group.
- Sound in 5.1 is a group of its own, and each rendition is a variant of each group, those in stereo first, so that a
  player chooses the channels as it chooses the quality. Groups have the same members (4.3.4.1.1): a track that has no
  5.1 is in stereo there too.
- Subtitles are one group, none of them on by default; a file of them is one segment as long as the presentation, which
  6.2.4 allows to subtitles alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from chalicelib.errors import AssemblyFailed
from chalicelib.media.decimals import fixed, nearest
from chalicelib.media.names import HLS_NAME, IFRAMES_NAME, INIT_NAME, SUBTITLES_NAME
from chalicelib.media.presentation import AudioTrack, Presentation, TextTrack, VideoTrack

VERSION = 6
AUDIO_GROUP = "audio"
SURROUND_GROUP = "surround"
TEXT_GROUP = "text"
START_PEAK_BPS = 2_000_000
_MICROSECONDS = 1_000_000


def multivariant_playlist(presentation: Presentation, *, iframes: bool = True) -> str:
    """The playlist that names all others (4.3.4); its URIs are relative to the publication's prefix.

    Args:
        iframes: Whether there are I-frame playlists.
    """
    return _playlist(
        [
            _version(),
            "#EXT-X-INDEPENDENT-SEGMENTS",
            *_audio_media(presentation),
            *_text_media(presentation),
            *_video_variants(presentation),
            *([] if presentation.video else _audio_variants(presentation)),
            *(_iframe_variant(track) for track in presentation.video if iframes),
        ]
    )


def media_playlist(presentation: Presentation, track: VideoTrack | AudioTrack, *, complete: bool = True) -> str:
    """Every segment of a track of the presentation (4.3.3); lies in the track's folder.

    Args:
        complete: If not, segments will be added at the end (an EVENT, 4.3.3.5), and players still begin at the start.
    """
    lines: list[str] = []
    durations = (segment.duration_ticks for segment in track.segments)
    for segment, duration_us in zip(track.segments, _rounded_us(durations, track.timescale), strict=True):
        lines += [_extinf(duration_us), segment.name]
    return _playlist(
        [
            _version(),
            _target_duration(presentation),
            "#EXT-X-MEDIA-SEQUENCE:1",
            f"#EXT-X-PLAYLIST-TYPE:{'VOD' if complete else 'EVENT'}",
            "#EXT-X-INDEPENDENT-SEGMENTS",
            *([] if complete else ["#EXT-X-START:TIME-OFFSET=0"]),
            _map(),
            *lines,
            *(["#EXT-X-ENDLIST"] if complete else []),
        ]
    )


def text_playlist(duration: Fraction, uri: str = SUBTITLES_NAME) -> str:
    """The one file of a track of subtitles, which lasts as long as the presentation, `duration` seconds.

    Args:
        uri: Of the file, relative to the playlist.
    """
    duration_us = nearest(duration * _MICROSECONDS)
    return _playlist(
        [
            _version(),
            f"#EXT-X-TARGETDURATION:{max(nearest(Fraction(duration_us, _MICROSECONDS)), 1)}",
            "#EXT-X-MEDIA-SEQUENCE:1",
            "#EXT-X-PLAYLIST-TYPE:VOD",
            _extinf(duration_us),
            uri,
            "#EXT-X-ENDLIST",
        ]
    )


def iframe_playlist(presentation: Presentation, track: VideoTrack) -> str:
    """One picture for each GOP of a track, for fast seeking (4.3.3.6): byte ranges of the very same segments."""
    pictures = [(segment, iframe) for segment in track.segments for iframe in segment.iframes]
    durations = (iframe.duration_ticks for _, iframe in pictures)
    lines: list[str] = []
    for (segment, iframe), duration_us in zip(pictures, _rounded_us(durations, track.timescale), strict=True):
        lines += [
            _extinf(duration_us),
            f"#EXT-X-BYTERANGE:{iframe.size_bytes}@{iframe.offset_bytes}",
            segment.name,
        ]
    return _playlist(
        [
            _version(),
            _target_duration(presentation),
            "#EXT-X-MEDIA-SEQUENCE:1",
            "#EXT-X-PLAYLIST-TYPE:VOD",
            "#EXT-X-I-FRAMES-ONLY",
            _map(),
            *lines,
            "#EXT-X-ENDLIST",
        ]
    )


def start_first(video: Sequence[VideoTrack]) -> tuple[VideoTrack, ...]:
    """The renditions in the order of the multivariant playlist."""
    falling = sorted(video, key=lambda track: track.bitrate.peak_bps, reverse=True)
    start = next((track for track in falling if track.bitrate.peak_bps <= START_PEAK_BPS), falling[-1])
    return (start, *(track for track in falling if track is not start))


def _playlist(lines: Iterable[str]) -> str:
    return "\n".join(["#EXTM3U", *lines, ""])


def _version() -> str:
    return f"#EXT-X-VERSION:{VERSION}"


def _target_duration(presentation: Presentation) -> str:
    return f"#EXT-X-TARGETDURATION:{presentation.target_duration_s}"


def _map() -> str:
    return f'#EXT-X-MAP:URI="{INIT_NAME}"'


def _extinf(duration_us: int) -> str:
    return f"#EXTINF:{fixed(Fraction(duration_us, _MICROSECONDS), 6)},"


def _rounded_us(durations_ticks: Iterable[int], timescale: int) -> Iterable[int]:
    """Microseconds of each duration, such that their sum is always the rounded sum."""
    ticks = before_us = 0
    for duration in durations_ticks:
        ticks += duration
        end_us = nearest(Fraction(ticks * _MICROSECONDS, timescale))
        yield end_us - before_us
        before_us = end_us


def _audio_groups(presentation: Presentation) -> dict[str, tuple[AudioTrack, ...]]:
    """The members of each group: the same sounds in the same order."""
    stereo = tuple(track for track in presentation.audio if track.channels <= 2)
    surround = {track.position: track for track in presentation.audio if track.channels > 2}
    groups = {AUDIO_GROUP: stereo} if stereo else {}
    if surround:
        groups[SURROUND_GROUP] = tuple(surround.get(track.position, track) for track in stereo)
    return groups


def _audio_media(presentation: Presentation) -> Iterable[str]:
    """EXT-X-MEDIA of sound (4.3.4.1). One track of sound alone needs no group: its variant names it.

    The first track is the default. AUTOSELECT goes to the first track of each language, because tracks that a player
    picks by itself must differ in language.
    """
    if not presentation.video and len(presentation.audio) == 1:
        return
    for group, tracks in _audio_groups(presentation).items():
        seen: set[str] = set()
        for track in tracks:
            attributes = [
                "TYPE=AUDIO",
                f"GROUP-ID={_quoted(group)}",
                f"NAME={_quoted(track.label)}",
                f"LANGUAGE={_quoted(track.language)}",
                f"DEFAULT={'NO' if seen else 'YES'}",
                f"AUTOSELECT={'NO' if track.language in seen else 'YES'}",
                f"CHANNELS={_quoted(str(track.channels))}",
                f"URI={_quoted(_uri(track.name, HLS_NAME))}",
            ]
            seen.add(track.language)
            yield f"#EXT-X-MEDIA:{','.join(attributes)}"


def _text_media(presentation: Presentation) -> Iterable[str]:
    """EXT-X-MEDIA of subtitles (4.3.4.1). Those that a player picks by itself differ in language or in being forced."""
    seen: set[tuple[str, bool]] = set()
    for track in presentation.text:
        new = (track.language, track.forced) not in seen
        seen.add((track.language, track.forced))
        uri = _uri(track.name, HLS_NAME)
        yield text_media(track.label, track.language, uri, autoselect=new, forced=track.forced)


def text_media(
    label: str, language: str, uri: str, *, autoselect: bool, forced: bool, characteristics: str = ""
) -> str:
    """The EXT-X-MEDIA of one track of subtitles (4.3.4.1)."""
    attributes = [
        "TYPE=SUBTITLES",
        f"GROUP-ID={_quoted(TEXT_GROUP)}",
        f"NAME={_quoted(label)}",
        f"LANGUAGE={_quoted(language)}",
        "DEFAULT=NO",
        f"AUTOSELECT={'YES' if autoselect else 'NO'}",
        f"FORCED={'YES' if forced else 'NO'}",
        *([f"CHARACTERISTICS={_quoted(characteristics)}"] if characteristics else []),
        f"URI={_quoted(uri)}",
    ]
    return f"#EXT-X-MEDIA:{','.join(attributes)}"


def _text_attribute(text: Sequence[TextTrack]) -> list[str]:
    return [f"SUBTITLES={_quoted(TEXT_GROUP)}"] if text else []


def _video_variants(presentation: Presentation) -> Iterable[str]:
    """EXT-X-STREAM-INF (4.3.4.2), one for each rendition of each codec with each audio group."""
    if not presentation.video:
        return
    groups = _audio_groups(presentation) or {"": ()}
    video = [track for family in presentation.video_by_codec for track in start_first(family)]
    for group, audio in groups.items():
        codecs = sorted({track.codec for track in audio})
        peak_bps = max((track.bitrate.peak_bps for track in audio), default=0)
        average_bps = max((track.bitrate.average_bps for track in audio), default=0)
        for track in video:
            attributes = [
                f"BANDWIDTH={track.bitrate.peak_bps + peak_bps}",
                f"AVERAGE-BANDWIDTH={track.bitrate.average_bps + average_bps}",
                f"CODECS={_quoted(','.join([track.codec, *codecs]))}",
                f"RESOLUTION={track.width}x{track.height}",
                f"FRAME-RATE={fixed(track.frame_rate, 3)}",
                *([f"AUDIO={_quoted(group)}"] if group else []),
                *_text_attribute(presentation.text),
                "CLOSED-CAPTIONS=NONE",
            ]
            yield f"#EXT-X-STREAM-INF:{','.join(attributes)}"
            yield _uri(track.name, HLS_NAME)


def _audio_variants(presentation: Presentation) -> Iterable[str]:
    """EXT-X-STREAM-INF of a presentation without video, one for each group: its default track, which opens it."""
    for group, tracks in _audio_groups(presentation).items():
        attributes = [
            f"BANDWIDTH={max(track.bitrate.peak_bps for track in tracks)}",
            f"AVERAGE-BANDWIDTH={max(track.bitrate.average_bps for track in tracks)}",
            f"CODECS={_quoted(','.join(sorted({track.codec for track in tracks})))}",
            *([f"AUDIO={_quoted(group)}"] if len(presentation.audio) > 1 else []),
            *_text_attribute(presentation.text),
        ]
        yield f"#EXT-X-STREAM-INF:{','.join(attributes)}"
        yield _uri(tracks[0].name, HLS_NAME)


def _iframe_variant(track: VideoTrack) -> str:
    """EXT-X-I-FRAME-STREAM-INF (4.3.4.3)."""
    attributes = [
        f"BANDWIDTH={track.iframe_bitrate.peak_bps}",
        f"AVERAGE-BANDWIDTH={track.iframe_bitrate.average_bps}",
        f"CODECS={_quoted(track.codec)}",
        f"RESOLUTION={track.width}x{track.height}",
        f"URI={_quoted(_uri(track.name, IFRAMES_NAME))}",
    ]
    return f"#EXT-X-I-FRAME-STREAM-INF:{','.join(attributes)}"


def _uri(folder: str, name: str) -> str:
    return f"{folder}/{name}"


def _quoted(value: str) -> str:
    """A quoted-string cannot hold a quote or a line break, and there is no escape (4.2)."""
    if any(character in value for character in '"\r\n'):
        raise AssemblyFailed("a playlist attribute has a character that HLS cannot carry", value=value)
    return f'"{value}"'
