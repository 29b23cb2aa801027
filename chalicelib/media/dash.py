"""The DASH manifest of a presentation (ISO/IEC 23009-1): a static MPD over the same segments as the playlists.

Decisions:
- Renditions share their segment boundaries, so one SegmentTimeline at the AdaptationSet serves all of them, and a
  Representation's id is its folder.
- Where a task was finished by a second run, the names of its segments are not just their numbers. Then a SegmentList
  at the AdaptationSet names them all, and each Representation says its folder by a BaseURL (5.3.9.3). That too is
  outside of the live profile (8.4), and says so.
- Each video codec is an AdaptationSet of its own, because players switch inside one only (5.3.3.1).
- Each audio track is an AdaptationSet of its own, and so is the same sound in 5.1: the default sound has the role
  `main`, the others `alternate`, and the default in stereo is preferred where nothing else decides (5.3.3.2).
- Subtitles are whole WebVTT files beside the segments. That is outside of the profiles that the rest keeps to, so such
  an AdaptationSet claims the full profile only, and the manifest names it too (8.1).
- Storyboards are left out: their sprites differ in tile count, which a thumbnail_tile property cannot say.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from xml.etree import ElementTree

from chalicelib.media.decimals import fixed
from chalicelib.media.names import INIT_NAME, SUBTITLES_NAME
from chalicelib.media.presentation import AudioTrack, Presentation, TextTrack, VideoTrack
from chalicelib.media.receipt import Segment

NAMESPACE = "urn:mpeg:dash:schema:mpd:2011"
_PROFILES = "urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019"
FULL_PROFILE = "urn:mpeg:dash:profile:full:2011"
_ROLE = "urn:mpeg:dash:role:2011"
_CHANNELS = "urn:mpeg:dash:23003:3:audio_channel_configuration:2011"
# ChannelConfiguration of ISO/IEC 23003-3 for the usual layout of so many channels.
_CHANNEL_CONFIGURATIONS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 8: 12}
# The same names as segment_name() gives, in DASH's notation (5.3.9.4.4).
_MEDIA_TEMPLATE = "$RepresentationID$/$Number%05d$.m4s"
_INIT_TEMPLATE = f"$RepresentationID$/{INIT_NAME}"


def mpd(presentation: Presentation) -> str:
    """The manifest; its URLs are relative to the publication's prefix."""
    longest = max(
        Fraction(segment.duration_ticks, track.timescale) for track in presentation.tracks for segment in track.segments
    )
    listed = any(_listed(track.segments) for track in presentation.tracks)
    root = ElementTree.Element(
        "MPD",
        {
            "xmlns": NAMESPACE,
            "profiles": ",".join([_PROFILES, *([FULL_PROFILE] if presentation.text or listed else [])]),
            "type": "static",
            "mediaPresentationDuration": _duration(presentation.duration),
            "maxSegmentDuration": _duration(longest),
            # The bandwidths hold over any such time, because the measured peaks are taken over it.
            "minBufferTime": _duration(Fraction(presentation.target_duration_s)),
        },
    )
    period = ElementTree.SubElement(root, "Period", {"id": "0", "start": "PT0S"})
    for family in presentation.video_by_codec:
        _add_video(period, family)
    for track in presentation.audio:
        _add_audio(period, track, presentation.audio)
    for text in presentation.text:
        _add_text(period, text, presentation.duration)
    return written(root)


def written(root: ElementTree.Element) -> str:
    """A manifest as text."""
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return f"{document.decode()}\n"


def _add_video(period: ElementTree.Element, video: Sequence[VideoTrack]) -> None:
    widest = max(video, key=lambda track: track.width)
    common = math.gcd(widest.width, widest.height)
    group = ElementTree.SubElement(
        period,
        "AdaptationSet",
        {
            "id": str(len(period)),
            **_profile(video[0]),
            "contentType": "video",
            "mimeType": "video/mp4",
            "maxWidth": str(widest.width),
            "maxHeight": str(max(track.height for track in video)),
            "frameRate": str(widest.frame_rate),
            "par": f"{widest.width // common}:{widest.height // common}",
            "segmentAlignment": "true",
            "startWithSAP": "1",
        },
    )
    _add_role(group, "main")
    _add_segments(group, video[0].segments, video[0].timescale)
    for track in video:
        representation = ElementTree.SubElement(
            group,
            "Representation",
            {
                "id": track.name,
                "bandwidth": str(track.bitrate.peak_bps),
                "codecs": track.codec,
                "width": str(track.width),
                "height": str(track.height),
                "sar": "1:1",
            },
        )
        _add_folder(representation, track)


def _add_audio(period: ElementTree.Element, track: AudioTrack, audio: Sequence[AudioTrack]) -> None:
    group = ElementTree.SubElement(
        period,
        "AdaptationSet",
        {
            "id": str(len(period)),
            **_profile(track),
            "contentType": "audio",
            "mimeType": "audio/mp4",
            "lang": track.language,
            "segmentAlignment": "true",
            "startWithSAP": "1",
            # Without it players take the track of the highest bit rate.
            **({"selectionPriority": "2"} if track is audio[0] and len(audio) > 1 else {}),
        },
    )
    _add_label(group, track.label)
    _add_role(group, "main" if track.position == audio[0].position else "alternate")
    _add_segments(group, track.segments, track.timescale)
    representation = ElementTree.SubElement(
        group,
        "Representation",
        {
            "id": track.name,
            "bandwidth": str(track.bitrate.peak_bps),
            "codecs": track.codec,
            "audioSamplingRate": str(track.timescale),
        },
    )
    configuration = _CHANNEL_CONFIGURATIONS.get(track.channels)
    if configuration:
        attributes = {"schemeIdUri": _CHANNELS, "value": str(configuration)}
        ElementTree.SubElement(representation, "AudioChannelConfiguration", attributes)
    _add_folder(representation, track)


def _add_text(period: ElementTree.Element, track: TextTrack, duration: Fraction) -> None:
    add_text_set(
        period,
        name=track.name,
        address=f"{track.name}/{SUBTITLES_NAME}",
        language=track.language,
        label=track.label,
        role="forced-subtitle" if track.forced else "subtitle",
        bandwidth_bps=text_bandwidth(track.size_bytes, duration),
    )


def add_text_set(
    period: ElementTree.Element, *, name: str, address: str, language: str, label: str, role: str, bandwidth_bps: int
) -> None:
    """The AdaptationSet of one file of WebVTT, whose `address` is relative to the manifest."""
    group = ElementTree.SubElement(
        period,
        "AdaptationSet",
        {
            "id": str(len(period)),
            "profiles": FULL_PROFILE,
            "contentType": "text",
            "mimeType": "text/vtt",
            "lang": language,
        },
    )
    _add_label(group, label)
    _add_role(group, role)
    representation = ElementTree.SubElement(group, "Representation", {"id": name, "bandwidth": str(bandwidth_bps)})
    ElementTree.SubElement(representation, "BaseURL").text = address


def text_bandwidth(size_bytes: int, duration: Fraction) -> int:
    """Bits per second of a file that is as long as the presentation."""
    return -(-size_bytes * 8 // max(duration, Fraction(1)))


def _add_label(group: ElementTree.Element, label: str) -> None:
    ElementTree.SubElement(group, "Label").text = label


def _add_role(group: ElementTree.Element, role: str) -> None:
    ElementTree.SubElement(group, "Role", {"schemeIdUri": _ROLE, "value": role})


def _add_folder(representation: ElementTree.Element, track: VideoTrack | AudioTrack) -> None:
    """Where the names of a SegmentList are; a template has the folder in itself."""
    if _listed(track.segments):
        ElementTree.SubElement(representation, "BaseURL").text = f"{track.name}/"


def _profile(track: VideoTrack | AudioTrack) -> dict[str, str]:
    return {"profiles": FULL_PROFILE} if _listed(track.segments) else {}


def _listed(segments: Sequence[Segment]) -> bool:
    return any(segment.has_own_name for segment in segments)


def _add_segments(group: ElementTree.Element, segments: Sequence[Segment], timescale: int) -> None:
    """A SegmentTemplate (5.3.9.4), or a SegmentList for names that no template gives."""
    ticks, numbers = {"timescale": str(timescale)}, {"startNumber": str(segments[0].number)}
    if _listed(segments):
        length = _common_length(segments)
        lengths = {"duration": str(length)} if length else {}
        listed = ElementTree.SubElement(group, "SegmentList", ticks | lengths | numbers)
        ElementTree.SubElement(listed, "Initialization", {"sourceURL": INIT_NAME})
        if not length:
            _add_timeline(listed, segments)
        for segment in segments:
            ElementTree.SubElement(listed, "SegmentURL", {"media": segment.name})
    else:
        templates = {"initialization": _INIT_TEMPLATE, "media": _MEDIA_TEMPLATE}
        _add_timeline(ElementTree.SubElement(group, "SegmentTemplate", ticks | templates | numbers), segments)


def _common_length(segments: Sequence[Segment]) -> int | None:
    """The ticks of every segment, of which only the last may be shorter; None if they differ.

    They do not, where we cut. A list is told its length so, and not by a timeline, because dash.js 5.2 asks for the
    first address again and again when a list has a timeline.
    """
    first, last = segments[0].duration_ticks, segments[-1].duration_ticks
    return first if last <= first and all(each.duration_ticks == first for each in segments[:-1]) else None


def _add_timeline(parent: ElementTree.Element, segments: Sequence[Segment]) -> None:
    """A SegmentTimeline (5.3.9.6): `t` once, because tracks have no gap, and `r` for repeats."""
    timeline = ElementTree.SubElement(parent, "SegmentTimeline")
    start = str(segments[0].decode_time_ticks)
    for duration, repeats in _runs(segments):
        attributes = {"d": str(duration)} if len(timeline) else {"t": start, "d": str(duration)}
        ElementTree.SubElement(timeline, "S", attributes | ({"r": str(repeats)} if repeats else {}))


def _runs(segments: Sequence[Segment]) -> list[tuple[int, int]]:
    """Duration in ticks and how often it comes again, for each run of equal durations."""
    runs: list[tuple[int, int]] = []
    for segment in segments:
        if runs and runs[-1][0] == segment.duration_ticks:
            runs[-1] = (segment.duration_ticks, runs[-1][1] + 1)
        else:
            runs.append((segment.duration_ticks, 0))
    return runs


def _duration(seconds: Fraction) -> str:
    """An xs:duration to the microsecond."""
    return f"PT{fixed(seconds, 6)}S"
