"""HLS playlists: golden files, and rules that an independent parser can check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import m3u8
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import AssemblyFailed
from chalicelib.media.dash import mpd
from chalicelib.media.hls import iframe_playlist, media_playlist, multivariant_playlist, start_first, text_playlist
from chalicelib.media.plan import AudioRendition, TextRendition, plan_hash
from chalicelib.media.presentation import Presentation, present
from chalicelib.media.receipt import TextReceipt
from tests.publication import LADDER, STEREO, TWO_CODECS, SizeOf, publish_plan, receipts_of, usual_size, video_plan

Golden = Callable[[str, str], None]
COMMENTARY = replace(STEREO, name="audio-1", position=1)
FRENCH = replace(STEREO, name="audio-2", position=2, language="fr", channels=1)


def publication(
    frames: int | None = 1000,
    audio: tuple[AudioRendition, ...] = (STEREO,),
    *,
    text: tuple[TextRendition, ...] = (),
    frame_rate: Fraction = Fraction(30000, 1001),
    size_of: SizeOf = usual_size,
) -> Presentation:
    video = video_plan(frames, frame_rate=frame_rate) if frames else None
    plan = replace(publish_plan(video, audio, seconds=Fraction(20)), text=text)
    return present(plan, plan_hash(plan), receipts_of(plan, size_of))


def test_golden(golden: Golden) -> None:
    """The text of each kind of playlist, as players get it."""
    presentation = publication()
    golden("index.m3u8", multivariant_playlist(presentation))
    golden("720p/index.m3u8", media_playlist(presentation, presentation.video[0]))
    golden("720p/iframes.m3u8", iframe_playlist(presentation, presentation.video[0]))
    golden("audio-0/index.m3u8", media_playlist(presentation, presentation.audio[0]))


def test_golden_other_shapes(golden: Golden) -> None:
    """Several audio tracks, none, and nothing but audio."""
    golden("index-three-audio.m3u8", multivariant_playlist(publication(audio=(STEREO, COMMENTARY, FRENCH))))
    golden("index-silent.m3u8", multivariant_playlist(publication(audio=())))
    golden("index-audio-only.m3u8", multivariant_playlist(publication(None)))
    golden("index-audio-only-two.m3u8", multivariant_playlist(publication(None, (STEREO, FRENCH))))


def test_other_codecs_follow_the_first() -> None:
    """Playback starts in the codec that every player knows; each variant names its own."""
    video = video_plan(1000, renditions=TWO_CODECS)
    plan = publish_plan(video)
    playlists = m3u8.loads(multivariant_playlist(present(plan, plan_hash(plan), receipts_of(plan)))).playlists
    assert [item.uri.split("/")[0] for item in playlists][-1] == "720p-av1"
    assert [item.stream_info.codecs.split(".")[0] for item in playlists] == ["avc1", "avc1", "avc1", "av01"]


def test_every_codec_comes_with_every_group() -> None:
    """All codecs in stereo first, then all of them in surround, so that playback starts in what every player has."""
    audio = (STEREO, replace(STEREO, name="surround", channels=6))
    plan = publish_plan(video_plan(1000, renditions=TWO_CODECS), audio)
    playlists = m3u8.loads(multivariant_playlist(present(plan, plan_hash(plan), receipts_of(plan)))).playlists
    families = [(item.stream_info.audio, item.stream_info.codecs.split(".")[0]) for item in playlists]
    assert families == [(group, codec) for group in ("audio", "surround") for codec in (*["avc1"] * 3, "av01")]


def test_first_variant_is_for_an_unknown_network() -> None:
    """Playback starts at the best rendition within 2 Mbit/s, or at the lowest; the others fall from the highest."""
    scales = {"720p": 10, "480p": 5, "360p": 1}
    moderate = publication(size_of=lambda track, _gop: scales.get(track, 1) * 80_000)
    assert [track.name for track in start_first(moderate.video)] == ["480p", "720p", "360p"]
    heavy = publication(size_of=lambda track, _gop: scales.get(track, 1) * 1_000_000)
    assert [track.name for track in start_first(heavy.video)] == ["360p", "720p", "480p"]


def test_bandwidth_includes_audio() -> None:
    """A variant's BANDWIDTH is its video peak plus the highest audio peak, so that the sum can be played."""
    presentation = publication(audio=(STEREO, FRENCH))
    audio_peak = max(track.bitrate.peak_bps for track in presentation.audio)
    parsed = m3u8.loads(multivariant_playlist(presentation))
    for variant, track in zip(parsed.playlists, start_first(presentation.video), strict=True):
        assert variant.stream_info.bandwidth == track.bitrate.peak_bps + audio_peak


def test_a_name_cannot_break_out_of_its_quotes() -> None:
    """HLS has no escape for a quote, so a value that holds one is refused."""
    presentation = publication()
    track = replace(presentation.video[0], name='x",URI="http://example.test')
    with pytest.raises(AssemblyFailed):
        multivariant_playlist(replace(presentation, video=(track,)))


rates = st.sampled_from([Fraction(30000, 1001), Fraction(24000, 1001), Fraction(25), Fraction(10), Fraction(23, 3)])


@given(st.integers(1, 2000), rates)
def test_media_playlists_survive_a_round_trip(frames: int, frame_rate: Fraction) -> None:
    """Another parser reads the same segments; no duration is above the target, and together they last as the track."""
    presentation = publication(frames, frame_rate=frame_rate)
    for track in presentation.tracks:
        parsed = m3u8.loads(media_playlist(presentation, track))
        assert parsed.is_endlist
        assert parsed.playlist_type == "vod"
        assert parsed.segment_map[0].uri == "init.mp4"
        assert [segment.uri for segment in parsed.segments] == [f"{s.number:05d}.m4s" for s in track.segments]
        durations = [Fraction(str(segment.duration)) for segment in parsed.segments]
        assert max(int(duration + Fraction(1, 2)) for duration in durations) <= parsed.target_duration
        assert parsed.target_duration == presentation.target_duration_s
        exact = Fraction(sum(segment.duration_ticks for segment in track.segments), track.timescale)
        assert abs(sum(durations) - exact) <= Fraction(1, 2_000_000)


@given(st.integers(1, 2000), rates)
def test_iframe_playlists_survive_a_round_trip(frames: int, frame_rate: Fraction) -> None:
    """Every GOP has one picture, its range lies inside its segment, and the pictures last as long as the track."""
    presentation = publication(frames, (), frame_rate=frame_rate)
    track = presentation.video[0]
    sizes = {f"{segment.number:05d}.m4s": segment.size_bytes for segment in track.segments}
    parsed = m3u8.loads(iframe_playlist(presentation, track))
    assert parsed.is_i_frames_only
    for picture in parsed.segments:
        length, offset = map(int, picture.byterange.split("@"))
        assert offset + length <= sizes[picture.uri]
    exact = frames / frame_rate
    assert abs(sum(Fraction(str(picture.duration)) for picture in parsed.segments) - exact) <= Fraction(1, 2_000_000)


@given(st.integers(1, 900), st.lists(st.integers(100, 10**6), min_size=1, max_size=9))
def test_variants_survive_a_round_trip(frames: int, sizes: list[int]) -> None:
    """Every rendition is a variant with its own attributes, and no average is above its peak."""
    presentation = publication(frames, size_of=lambda _track, number: sizes[number % len(sizes)])
    parsed = m3u8.loads(multivariant_playlist(presentation))
    assert parsed.is_variant
    assert {playlist.uri for playlist in parsed.playlists} == {f"{rendition.name}/index.m3u8" for rendition in LADDER}
    for playlist in parsed.playlists:
        rendition = next(item for item in LADDER if playlist.uri.startswith(item.name))
        assert playlist.stream_info.resolution == (rendition.width, rendition.height)
        assert playlist.stream_info.codecs == "avc1.64001f,mp4a.40.2"
        assert playlist.stream_info.frame_rate == 29.97
        assert playlist.stream_info.closed_captions == "NONE"
        assert playlist.stream_info.bandwidth >= playlist.stream_info.average_bandwidth
        assert [media.uri for media in playlist.media] == ["audio-0/index.m3u8"]
    assert {playlist.uri for playlist in parsed.iframe_playlists} == {f"{item.name}/iframes.m3u8" for item in LADDER}


def test_golden_groups(golden: Golden) -> None:
    """Sound in stereo and in 5.1, and subtitles, beside a picture and alone."""
    audio = (STEREO, FRENCH, replace(STEREO, name="surround", channels=6, bitrate_bps=384_000))
    text = (
        TextRendition("text", 0, "fr"),
        TextRendition("text-2", 1, "fr", forced=True),
        TextRendition("text-3", 2, "en"),
    )
    presentation = publication(audio=audio, text=text)
    golden("index-groups.m3u8", multivariant_playlist(presentation))
    golden("text/index.m3u8", text_playlist(presentation.duration))
    golden("index-audio-only-groups.m3u8", multivariant_playlist(publication(None, audio, text=text[:1])))
    golden("manifest-groups.mpd", mpd(presentation))


def test_text_without_a_cue_is_not_announced() -> None:
    """A menu would offer an empty file."""
    plan = replace(publish_plan(video_plan(100)), text=(TextRendition("text", 0, "fr"),))
    receipts = receipts_of(plan)
    silent = replace(receipts[-1], texts=(TextReceipt("text", 40, 0),))
    assert present(plan, plan_hash(plan), [*receipts[:-1], silent]).text == ()
    with pytest.raises(AssemblyFailed, match="text"):
        present(plan, plan_hash(plan), [*receipts[:-1], replace(silent, texts=())])
