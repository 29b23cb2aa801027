"""Manifests with tracks of text beside those they were published with.

A manifest that is out is never changed. What takes its place lies beside it under another name and says the same, with
the new tracks in: every URL in it is relative, so segments and playlists stay where they are, and nothing is encoded or
even read but the two manifests. The other name follows from what is in it, so the same tracks are the same manifest.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from xml.etree import ElementTree

from chalicelib.errors import AssemblyFailed
from chalicelib.media.dash import FULL_PROFILE, NAMESPACE, add_text_set, text_bandwidth, written
from chalicelib.media.hls import TEXT_GROUP, text_media, text_playlist
from chalicelib.media.names import sidecar_address, sidecar_playlist

_DIGITS = 16
_SUBTITLES = re.compile(r'#EXT-X-MEDIA:TYPE=SUBTITLES,.*?LANGUAGE="([^"]*)".*?FORCED=(YES|NO)')
_STREAM = "#EXT-X-STREAM-INF:"
_CHARACTERISTICS = "public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound"


class TrackKind(StrEnum):
    """Captions are for who does not hear: they tell of sounds too. Subtitles are for who does not know the language."""

    SUBTITLES = "subtitles"
    CAPTIONS = "captions"


@dataclass(frozen=True, slots=True)
class Sidecar:
    """One track of text from outside of the source. Its file lies in `folder`, beside the publications of the asset."""

    folder: str
    size_bytes: int
    language: str
    label: str
    kind: TrackKind
    forced: bool


@dataclass(frozen=True, slots=True)
class Revision:
    """Manifests that say more than those they were made of. `digest` stands for all that they say."""

    hls: str
    dash: str
    digest: str


def revise(hls: str, dash: str, sidecars: Sequence[Sidecar], duration: Fraction) -> Revision:
    """The manifests of a publication with these tracks behind its own.

    Args:
        hls: The multivariant playlist as it was published.
        dash: The manifest as it was published.
        duration: Seconds of the presentation.

    Raises:
        AssemblyFailed: If they are not manifests of ours.
    """
    playlist, manifest = _playlist(hls, sidecars), _manifest(dash, sidecars, duration)
    digest = hashlib.sha256(f"{playlist}\0{manifest}".encode()).hexdigest()[:_DIGITS]
    return Revision(playlist, manifest, digest)


def sidecar_playlists(sidecars: Iterable[Sidecar], duration: Fraction) -> dict[str, str]:
    """The media playlist of each track, by its name relative to the publication's prefix."""
    return {
        sidecar_playlist(each.folder): text_playlist(duration, f"../{sidecar_address(each.folder)}")
        for each in sidecars
    }


def _playlist(hls: str, sidecars: Sequence[Sidecar]) -> str:
    lines = hls.split("\n")
    first = next((place for place, line in enumerate(lines) if line.startswith(_STREAM)), None)
    if first is None:
        raise AssemblyFailed("the playlist to add tracks to names no stream")
    seen = {(match[1], match[2] == "YES") for line in lines if (match := _SUBTITLES.match(line))}
    added = []
    for each in sidecars:
        new = (each.language, each.forced) not in seen
        seen.add((each.language, each.forced))
        characteristics = _CHARACTERISTICS if each.kind is TrackKind.CAPTIONS else ""
        uri = sidecar_playlist(each.folder)
        added.append(
            text_media(
                each.label,
                each.language,
                uri,
                autoselect=new,
                forced=each.forced,
                characteristics=characteristics,
            )
        )
    streams = [_with_group(line) if added and line.startswith(_STREAM) else line for line in lines[first:]]
    return "\n".join([*lines[:first], *added, *streams])


def _with_group(stream: str) -> str:
    """An EXT-X-STREAM-INF that names the group of text."""
    return stream if ",SUBTITLES=" in stream else f'{stream},SUBTITLES="{TEXT_GROUP}"'


def _manifest(dash: str, sidecars: Sequence[Sidecar], duration: Fraction) -> str:
    # What is parsed was written by mpd(), and customers' words are in it as data only.
    root = ElementTree.fromstring(dash)  # noqa: S314
    for element in root.iter():
        element.tag = element.tag.removeprefix(f"{{{NAMESPACE}}}")
    period = root.find("Period")
    if period is None:
        raise AssemblyFailed("the manifest to add tracks to has no period")
    for each in sidecars:
        add_text_set(
            period,
            name=each.folder,
            address=sidecar_address(each.folder),
            language=each.language,
            label=each.label,
            role=_role(each),
            bandwidth_bps=text_bandwidth(each.size_bytes, duration),
        )
    profiles = root.get("profiles", "").split(",")
    root.attrib = {
        "xmlns": NAMESPACE,
        **root.attrib,
        "profiles": ",".join(profiles if FULL_PROFILE in profiles or not sidecars else [*profiles, FULL_PROFILE]),
    }
    return written(root)


def _role(sidecar: Sidecar) -> str:
    if sidecar.forced:
        return "forced-subtitle"
    return "caption" if sidecar.kind is TrackKind.CAPTIONS else "subtitle"
