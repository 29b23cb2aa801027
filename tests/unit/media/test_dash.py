"""The DASH manifest: golden files, and rules that an independent parser can check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from mpegdash.parser import MPEGDASHParser

from chalicelib.media.dash import mpd
from chalicelib.media.plan import AudioRendition, plan_hash
from chalicelib.media.presentation import Presentation, present
from tests.publication import STEREO, TWO_CODECS, publish_plan, receipts_of, video_plan, went_on

SURROUND = replace(STEREO, name="audio-1", position=1, language="und", channels=6)


def publication(frames: int | None = 1000, audio: tuple[AudioRendition, ...] = (STEREO,)) -> Presentation:
    plan = publish_plan(video_plan(frames) if frames else None, audio, seconds=Fraction(20))
    return present(plan, plan_hash(plan), receipts_of(plan))


def test_golden(golden: Callable[[str, str], None]) -> None:
    """The text of the manifest, as players get it: video with sound, several sounds, sound alone."""
    golden("manifest.mpd", mpd(publication()))
    golden("manifest-two-audio.mpd", mpd(publication(audio=(STEREO, SURROUND))))
    golden("manifest-audio-only.mpd", mpd(publication(None)))


@given(st.integers(1, 2000))
def test_timelines_survive_a_round_trip(frames: int) -> None:
    """Another parser unfolds each timeline to the very segments that exist, without a gap."""
    presentation = publication(frames)
    (period,) = MPEGDASHParser.parse(mpd(presentation)).periods
    tracks = [track for track in presentation.tracks if track not in presentation.video[1:]]
    for group, track in zip(period.adaptation_sets, tracks, strict=True):
        (template,) = group.segment_templates
        assert (template.timescale, template.start_number) == (track.timescale, 1)
        unfolded: list[tuple[int, int]] = []
        for run in template.segment_timelines[0].Ss:
            for _ in range((run.r or 0) + 1):
                start = sum(unfolded[-1]) if unfolded else run.t
                unfolded.append((start, run.d))
        assert unfolded == [(segment.decode_time_ticks, segment.duration_ticks) for segment in track.segments]


def test_segments_of_two_runs_are_listed(golden: Callable[[str, str], None]) -> None:
    """Names that no template gives are listed, once for all renditions; each finds its own folder."""
    plan = publish_plan(video_plan(1000), seconds=Fraction(20))
    first, *others = receipts_of(plan)
    presentation = present(plan, plan_hash(plan), [went_on(first, 1), *others])
    golden("manifest-went-on.mpd", mpd(presentation))
    (period,) = MPEGDASHParser.parse(mpd(presentation)).periods
    video, sound = period.adaptation_sets
    (listed,) = video.segment_lists
    assert [item.media for item in listed.segment_urls] == [one.name for one in presentation.video[0].segments]
    assert [item.media for item in listed.segment_urls][:3] == ["00001.m4s", "00002-00002.m4s", "00003.m4s"]
    assert [item.base_urls[0].base_url_value for item in video.representations] == ["720p/", "480p/", "360p/"]
    assert sound.segment_templates


def test_each_codec_is_an_adaptation_set() -> None:
    """Players switch inside a set only, and every set has a number of its own."""
    plan = publish_plan(video_plan(1000, renditions=TWO_CODECS))
    (period,) = MPEGDASHParser.parse(mpd(present(plan, plan_hash(plan), receipts_of(plan)))).periods
    families = [{item.codecs.split(".")[0] for item in group.representations} for group in period.adaptation_sets]
    assert families == [{"avc1"}, {"av01"}, {"mp4a"}]
    assert [str(group.id) for group in period.adaptation_sets] == ["0", "1", "2"]


def test_representations_name_their_folders() -> None:
    """A template with the Representation's id resolves to the folder of the rendition, at the measured peak."""
    presentation = publication()
    (period,) = MPEGDASHParser.parse(mpd(presentation)).periods
    video = period.adaptation_sets[0].representations
    assert [(item.id, item.bandwidth) for item in video] == [(t.name, t.bitrate.peak_bps) for t in presentation.video]
    template = period.adaptation_sets[0].segment_templates[0]
    assert template.media == "$RepresentationID$/$Number%05d$.m4s"
    assert template.initialization == "$RepresentationID$/init.mp4"
