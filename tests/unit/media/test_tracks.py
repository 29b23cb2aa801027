"""Which sound and which text is published."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from chalicelib.media.plan import AudioRendition, TextRendition
from chalicelib.media.source import AudioTrack, Container, Source, TextTrack
from chalicelib.media.timing import Scan, TrackScan
from chalicelib.media.tracks import MAX_TEXT_TRACKS, choose_audio, choose_text, labels

PACKETS = TrackScan(Fraction(1, 48_000), [0, 1024], [1024, 1024])
ENGLISH = AudioTrack(0, "AC-3", 6, 48_000, "en", False, "Film")
GERMAN = AudioTrack(1, "AAC", 2, 48_000, "de", True)
FRENCH = AudioTrack(2, "E-AC-3", 8, 48_000, "fr", True)
SOURCE = Source(Container.MATROSKA, 1000, Fraction(7), None, (ENGLISH, GERMAN, FRENCH), "")
SCAN = Scan(Fraction(0), None, (PACKETS, PACKETS, PACKETS))


def named(renditions: tuple[AudioRendition, ...]) -> list[tuple[str, int, int]]:
    return [(each.name, each.position, each.channels) for each in renditions]


def test_the_default_comes_first() -> None:
    """The first that the source flags; the others keep their order, their language and their title."""
    chosen = choose_audio(SOURCE, SCAN, keep_surround=False)
    assert named(chosen) == [("audio", 1, 2), ("audio-2", 0, 2), ("audio-3", 2, 2)]
    assert [(each.language, each.title) for each in chosen] == [("de", ""), ("en", "Film"), ("fr", "")]


def test_surround_is_kept_beside_stereo() -> None:
    """Tracks of six channels or more come in 5.1 too, numbered as their stereo is."""
    chosen = choose_audio(SOURCE, SCAN, keep_surround=True)
    assert named(chosen[3:]) == [("surround-2", 0, 6), ("surround-3", 2, 6)]


def test_what_cannot_be_heard_is_left_out() -> None:
    """No packets, or no decoder; then another track is the default."""
    chosen = choose_audio(SOURCE, replace(SCAN, audio=(PACKETS, None, PACKETS)), keep_surround=False)
    assert named(chosen) == [("audio", 2, 2), ("audio-2", 0, 2)]
    assert choose_audio(SOURCE, Scan(None, None), keep_surround=True) == ()


def test_text_is_chosen_by_its_codec() -> None:
    """Bitmaps are left out, and the names still belong to the right tracks."""
    known = (TextTrack(0, "PGS", "en", "", False, True), TextTrack(1, "UTF-8", "fr", "Signs", True))
    chosen = choose_text(replace(SOURCE, text=known), replace(SCAN, text=("hdmv_pgs_subtitle", "subrip")))
    assert chosen == (TextRendition("text", 1, "fr", "Signs", True),)


def test_text_without_its_names_is_published_unnamed() -> None:
    """Where MediaInfo counts other tracks than ffmpeg, a wrong language would be worse than none."""
    chosen = choose_text(SOURCE, replace(SCAN, text=("ass", "mov_text")))
    assert chosen == (TextRendition("text", 0, "und"), TextRendition("text-2", 1, "und"))


def test_the_number_of_texts_is_bounded() -> None:
    """A file can announce thousands."""
    assert len(choose_text(SOURCE, replace(SCAN, text=("subrip",) * 1000))) == MAX_TEXT_TRACKS


def test_labels_are_unique() -> None:
    """The title, else the language, else a word; the same sound has the same label in all channels."""
    tracks = [
        AudioRendition("audio", 1, "de", 2, 1),
        AudioRendition("audio-2", 0, "de", 2, 1),
        AudioRendition("audio-3", 2, "en", 2, 1, "Film"),
        AudioRendition("audio-4", 3, "en", 2, 1, "de 2"),
        AudioRendition("audio-5", 4, "<nonsense>", 2, 1),
        AudioRendition("surround", 1, "de", 6, 1),
    ]
    assert labels(tracks, "Audio") == {1: "de", 0: "de 2", 2: "Film", 3: "de 2 2", 4: "Audio"}
