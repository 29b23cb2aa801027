"""MediaInfo's words and what they mean."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from chalicelib.errors import EncryptedSource, NotAVideo, UnsupportedMedia
from chalicelib.media.source import Container, TextTrack, Transfer, VideoTrack, default_audio, source_from_mediainfo

GENERAL = {"track_type": "General", "file_size": 1000, "duration": 42400}
AUDIO = {"track_type": "Audio", "format": "AAC", "channel_s": 2, "sampling_rate": 48000, "streamorder": "1"}
VIDEO = {
    "track_type": "Video",
    "streamorder": "0",
    "format": "AVC",
    "width": 1280,
    "height": 720,
    "pixel_aspect_ratio": "1.000",
    "rotation": "0.000",
    "frame_rate_mode": "CFR",
    "frame_rate": "30.000",
    "bit_depth": 8,
    "chroma_subsampling": "4:2:0",
    "scan_type": "Progressive",
}


def video_of(**changes: Any) -> VideoTrack:
    video = source_from_mediainfo([GENERAL, {**VIDEO, **changes}]).video
    assert video is not None
    return video


def test_facts_of_a_plain_video() -> None:
    """Every fact is read from its field."""
    source = source_from_mediainfo([GENERAL, VIDEO, AUDIO], container=Container.MATROSKA, size_bytes=7)
    assert source.container is Container.MATROSKA
    assert source.size_bytes == 7
    assert source.duration == Fraction(42400, 1000)
    assert source.video == VideoTrack(
        "AVC", 1280, 720, 1280, 720, 0, Fraction(30), True, 8, "4:2:0", False, Transfer.SDR
    )
    assert [(track.position, track.channels, track.sample_rate_hz) for track in source.audio] == [(0, 2, 48000)]


@pytest.mark.parametrize(
    ("changes", "displayed"),
    [
        ({"rotation": "90.000"}, (720, 1280)),
        ({"rotation": "270.000"}, (720, 1280)),
        ({"rotation": "180.000"}, (1280, 720)),
        ({"rotation": "45.000"}, (1280, 720)),
        ({"width": 720, "height": 576, "pixel_aspect_ratio": "1.422"}, (1024, 576)),
        ({"width": 1440, "height": 1080, "pixel_aspect_ratio": "1.333"}, (1920, 1080)),
        ({"width": 720, "height": 480, "pixel_aspect_ratio": "0.889"}, (640, 480)),
        ({"width": 720, "height": 576, "pixel_aspect_ratio": "1.422", "rotation": "90.000"}, (576, 1024)),
        ({"pixel_aspect_ratio": None, "rotation": None}, (1280, 720)),
    ],
)
def test_the_displayed_size_is_upright_and_square(changes: dict[str, Any], displayed: tuple[int, int]) -> None:
    """Pixel aspect stretches the width, then a quarter turn swaps the sides."""
    video = video_of(**changes)
    assert (video.displayed_width, video.displayed_height) == displayed


@pytest.mark.parametrize(
    ("changes", "rate"),
    [
        ({"frame_rate": "29.970"}, Fraction(30000, 1001)),
        ({"frame_rate": "23.976"}, Fraction(24000, 1001)),
        ({"frame_rate": "29.970", "framerate_num": "2997", "framerate_den": "100"}, Fraction(2997, 100)),
        ({"frame_rate": "29.882"}, Fraction(29882, 1000)),
        ({"frame_rate": None}, None),
        ({"frame_rate": "0.000"}, None),
    ],
)
def test_the_claimed_rate_is_exact(changes: dict[str, Any], rate: Fraction | None) -> None:
    """Three decimals of a broadcast rate mean the broadcast rate."""
    assert video_of(**changes).frame_rate == rate


def test_depth_scan_and_curve_are_recorded() -> None:
    """HDR, deep colour and interlacing change how a source is encoded."""
    video = video_of(bit_depth=10, transfer_characteristics="PQ", scan_type="MBAFF", chroma_subsampling="4:2:2")
    assert (video.bit_depth, video.transfer, video.interlaced, video.chroma) == (10, Transfer.PQ, True, "4:2:2")


@pytest.mark.parametrize(
    ("name", "transfer"),
    [("PQ", Transfer.PQ), ("HLG / BT.2020 (10-bit)", Transfer.HLG), ("BT.709", Transfer.SDR), (None, Transfer.SDR)],
)
def test_the_hdr_curve_counts(name: str | None, transfer: Transfer) -> None:
    """HLG may come with the curve that older displays take it for."""
    assert video_of(transfer_characteristics=name).transfer is transfer


def test_subtitles_are_listed() -> None:
    """Captions inside the picture are no tracks; what a source calls a track becomes one readable line."""
    text = {"track_type": "Text", "format": "UTF-8", "streamorder": "3", "language": "pt-BR", "forced": "Yes"}
    bitmap = {"track_type": "Text", "format": "PGS", "streamorder": "2", "language": "Old Norse", "title": 'a\n "b"'}
    source = source_from_mediainfo([{**GENERAL, "cover": "Yes"}, VIDEO, text, bitmap, {**text, "streamorder": "0-CC1"}])
    assert source.text == (
        TextTrack(0, "PGS", "und", "a 'b'", forced=False, bitmap=True),
        TextTrack(1, "UTF-8", "pt-BR", "", forced=True, bitmap=False),
    )
    assert source.cover


def test_tracks_come_in_file_order_and_the_flagged_sound_plays() -> None:
    """ffmpeg counts audio tracks in file order; the flag picks one of them."""
    tracks = [
        GENERAL,
        {**AUDIO, "streamorder": "0-10", "language": "de", "default": "Yes"},
        {**AUDIO, "streamorder": "0-2", "language": "en"},
    ]
    source = source_from_mediainfo(tracks)
    assert [track.language for track in source.audio] == ["en", "de"]
    chosen = default_audio(source.audio)
    assert chosen is not None
    assert chosen.position == 1


def test_without_a_flag_the_first_sound_plays() -> None:
    """No flag at all is common."""
    chosen = default_audio(source_from_mediainfo([GENERAL, AUDIO, {**AUDIO, "streamorder": "2"}]).audio)
    assert chosen is not None
    assert chosen.position == 0
    assert default_audio(source_from_mediainfo([GENERAL, VIDEO]).audio) is None


@pytest.mark.parametrize("tracks", [[], [GENERAL], [GENERAL, {"track_type": "Image", "width": 100, "height": 100}]])
def test_no_track_is_no_video(tracks: list[dict[str, Any]]) -> None:
    """Images, text and data tracks are not media."""
    with pytest.raises(NotAVideo):
        source_from_mediainfo(tracks)


@pytest.mark.parametrize("position", [0, 1, 2])
def test_encryption_of_any_track_is_refused(position: int) -> None:
    """One protected track is enough."""
    tracks: list[dict[str, Any]] = [dict(GENERAL), dict(VIDEO), dict(AUDIO)]
    tracks[position]["encryption"] = "Encrypted"
    with pytest.raises(EncryptedSource):
        source_from_mediainfo(tracks)


@pytest.mark.parametrize(
    "changes",
    [
        {"width": 16000, "height": 8000},
        {"width": 8, "height": 8},
        {"width": None},
        {"width": 7680, "height": 4320, "pixel_aspect_ratio": "9.000"},
        {"width": 640, "height": 360, "pixel_aspect_ratio": "0.001"},
    ],
)
def test_absurd_frames_are_refused(changes: dict[str, Any]) -> None:
    """More than 40 megapixels, less than 16 pixels a side, or no size at all, as coded and as displayed."""
    with pytest.raises(UnsupportedMedia):
        video_of(**changes)
