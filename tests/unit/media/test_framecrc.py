"""The listing of packets, as ffmpeg 8 writes it."""

from __future__ import annotations

from fractions import Fraction

import pytest

from chalicelib.errors import UnsupportedMedia
from chalicelib.media import framecrc
from chalicelib.media.framecrc import FramecrcReader
from chalicelib.media.timing import Scan

HEADER = """\
#extradata 0:       49, 0x907b121d
#software: Lavf62.12.102
#tb 0: 1/15360
#media_type 0: video
#codec_id 0: h264
#dimensions 0: 160x90
#sar 0: 1/1
#tb 1: 1/44100
#media_type 1: audio
#channel_layout_name 1: mono
"""
MISSING = -(1 << 63)


def read(text: str) -> Scan:
    reader = FramecrcReader()
    for line in text.splitlines(keepends=True):
        reader.feed(line.encode())
    return reader.scan(Fraction(7, 5))


def test_packets_are_sorted_into_tracks() -> None:
    """Each stream keeps its own clock."""
    scan = read(
        HEADER
        + """\
0,       -512,          0,      512,     2819, 0xbac8053f
1,      -1024,      -1024,     1024,      187, 0x5b9e585f, S=1, Skip Samples,       10, 0x063a00b1
0,          0,       1024,      512,     1083, 0x80991daf, F=0x0
1,          0,          0,      512,      223, 0x8d436012
"""
    )
    assert scan.origin == Fraction(7, 5)
    assert scan.video is not None
    [sound] = scan.audio
    assert sound is not None
    assert (scan.video.time_base, list(scan.video.pts)) == (Fraction(1, 15360), [0, 1024])
    assert (sound.time_base, list(sound.durations)) == (Fraction(1, 44100), [1024, 512])
    assert (list(scan.video.sizes_bytes), list(sound.sizes_bytes)) == ([2819, 1083], [187, 223])


def test_packets_that_an_edit_list_hides_are_left_out() -> None:
    """AV_PKT_FLAG_DISCARD is 4; together with the key flag 5."""
    lines = (f"0, {n}, {n}, 1, 9, 0x0, F={flags}\n" for n, flags in enumerate(("0x5", "0x4", "0x1", "0x0")))
    scan = read(HEADER + "".join(lines))
    assert scan.video is not None
    assert list(scan.video.pts) == [2, 3]


def test_missing_times_are_those_of_decoding() -> None:
    """AVI knows no others; program streams know some, the first among them."""
    avi = read(HEADER + "".join(f"0, {n}, {MISSING if n % 2 == 0 else n}, 1, 9, 0x0\n" for n in range(5)))
    assert avi.video is not None
    assert list(avi.video.pts) == [0, 1, 2, 3, 4]
    program = read(HEADER + "".join(f"0, {n}, {MISSING if n == 3 else n + 2}, 1, 9, 0x0\n" for n in range(5)))
    assert program.video is not None
    assert list(program.video.pts) == [2, 3, 4, 5, 6]


def test_an_absent_track_is_none() -> None:
    """Silent video, and sound alone."""
    scan = read("#tb 0: 1/48000\n#media_type 0: audio\n0, 0, 0, 1024, 9, 0x0\n")
    assert scan.video is None
    assert len(scan.audio) == 1
    assert read("").audio == ()


def test_every_sound_and_the_codecs_of_text_are_listed() -> None:
    """Tracks keep their order; one without packets keeps its place."""
    sounds = "".join(f"#tb {n}: 1/48000\n#media_type {n}: audio\n" for n in (1, 2))
    texts = "".join(f"#media_type {n}: subtitle\n#codec_id {n}: {codec}\n" for n, codec in ((3, "ass"), (4, "dvdsub")))
    scan = read(sounds + texts + "2, 0, 0, 1024, 9, 0x0\n")
    assert [track is None for track in scan.audio] == [True, False]
    assert scan.text == ("ass", "dvdsub")


def test_more_packets_than_a_day_of_video_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays bounded whatever a file holds."""
    monkeypatch.setattr(framecrc, "MAX_PACKETS", 10)
    with pytest.raises(UnsupportedMedia):
        read("".join(f"0, {n}, {n}, 1, 9, 0x0\n" for n in range(11)))
