"""Manifests in whose place others come, with more text: the same segments, and every track once."""

from __future__ import annotations

from fractions import Fraction

import m3u8
import pytest
from mpegdash.parser import MPEGDASHParser

from chalicelib.errors import AssemblyFailed
from chalicelib.media.dash import mpd
from chalicelib.media.hls import multivariant_playlist
from chalicelib.media.plan import plan_hash
from chalicelib.media.presentation import Presentation, present
from chalicelib.media.sidecar import Sidecar, TrackKind, revise, sidecar_playlists
from tests.publication import publish_plan, receipts_of, video_plan

GERMAN = Sidecar("tr_1-a", 1000, "de", "Deutsch & <mehr>", TrackKind.SUBTITLES, forced=False)
HEARD = Sidecar("tr_2-b", 2000, "de", "Deutsch (hörgeschädigt)", TrackKind.CAPTIONS, forced=False)
FORCED = Sidecar("tr_3-c", 300, "fr", "Français", TrackKind.SUBTITLES, forced=True)
ALL = (GERMAN, HEARD, FORCED)


@pytest.fixture(scope="module")
def presentation() -> Presentation:
    plan = publish_plan(video_plan(600))
    return present(plan, plan_hash(plan), receipts_of(plan))


def test_the_playlist_names_each_track_in_one_group(presentation: Presentation) -> None:
    """Every stream has the group; nothing is on by default; a player picks one of each language and kind by itself."""
    base = multivariant_playlist(presentation)
    revised = revise(base, mpd(presentation), ALL, presentation.duration).hls
    parsed = m3u8.loads(revised)
    texts = [media for media in parsed.media if media.type == "SUBTITLES"]
    assert [(each.name, each.language, each.autoselect, each.forced, each.default) for each in texts] == [
        (GERMAN.label, "de", "YES", "NO", "NO"),
        (HEARD.label, "de", "NO", "NO", "NO"),
        (FORCED.label, "fr", "YES", "YES", "NO"),
    ]
    assert [each.uri for each in texts] == [f"captions/{each.folder}.m3u8" for each in ALL]
    assert "describes-music-and-sound" in (texts[1].characteristics or "")
    assert {stream.stream_info.subtitles for stream in parsed.playlists} == {"text"}
    kept = [line.replace(',SUBTITLES="text"', "") for line in revised.split("\n") if "TYPE=SUBTITLES" not in line]
    assert kept == base.split("\n")


def test_the_manifest_has_a_set_for_each_track(presentation: Presentation) -> None:
    """Beside what was there, each with its language, label, role and file; ids stay distinct."""
    base = mpd(presentation)
    revised = revise(multivariant_playlist(presentation), base, ALL, presentation.duration).dash
    before, after = MPEGDASHParser.parse(base), MPEGDASHParser.parse(revised)
    sets = after.periods[0].adaptation_sets
    added = sets[len(before.periods[0].adaptation_sets) :]
    assert [each.lang for each in added] == ["de", "de", "fr"]
    assert [each.roles[0].value for each in added] == ["subtitle", "caption", "forced-subtitle"]
    urls = [each.representations[0].base_urls[0].base_url_value for each in added]
    assert urls == [f"../captions/{each.folder}/subtitles.vtt" for each in ALL]
    assert len({each.id for each in sets}) == len(sets)
    assert "urn:mpeg:dash:profile:full:2011" in after.profiles
    assert "Deutsch &amp; &lt;mehr&gt;" in revised
    assert after.media_presentation_duration == before.media_presentation_duration


def test_the_name_follows_from_what_is_said(presentation: Presentation) -> None:
    """The same tracks are the same revision; another order or label is another one."""
    base = (multivariant_playlist(presentation), mpd(presentation))
    found = [revise(*base, tracks, presentation.duration).digest for tracks in (ALL, ALL, ALL[::-1], ALL[:1])]
    assert found[0] == found[1]
    assert len(set(found)) == 3


def test_a_playlist_lasts_as_long_as_the_presentation() -> None:
    """Its one segment is the file, which lies beside all publications of the asset."""
    playlists = sidecar_playlists([GERMAN], Fraction(20))
    parsed = m3u8.loads(playlists["captions/tr_1-a.m3u8"])
    assert [(each.uri, each.duration) for each in parsed.segments] == [("../../captions/tr_1-a/subtitles.vtt", 20.0)]
    assert parsed.is_endlist


def test_only_manifests_are_revised() -> None:
    """Anything else is refused before anything is written."""
    with pytest.raises(AssemblyFailed):
        revise("#EXTM3U\n", "<MPD/>", ALL, Fraction(20))
    with pytest.raises(AssemblyFailed):
        revise("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nx\n", "<MPD/>", ALL, Fraction(20))
