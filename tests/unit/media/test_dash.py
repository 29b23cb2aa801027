"""The DASH manifest: golden files, and rules that an independent parser can check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpegdash.parser import MPEGDASHParser

from chalicelib.media.dash import mpd
from chalicelib.media.plan import AudioRendition, TextRendition, plan_hash
from chalicelib.media.presentation import Presentation, present
from tests.mpd_schema import problems
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
    assert (listed.duration, listed.segment_timelines) == (180_180, None)
    uneven = replace(presentation.audio[0].segments[1], duration_ticks=9, run=2)
    segments = (presentation.audio[0].segments[0], uneven, *presentation.audio[0].segments[2:])
    odd = mpd(replace(presentation, audio=(replace(presentation.audio[0], segments=segments),)))
    (timed,) = MPEGDASHParser.parse(odd).periods[0].adaptation_sets[1].segment_lists
    assert [run.d for run in timed.segment_timelines[0].Ss][:2] == [288_768, 9]


def test_every_kind_of_manifest_is_valid() -> None:
    """Codecs, sounds in stereo and 5.1, subtitles, sound alone, and lists of segments, after the standard's schema."""
    text = (TextRendition("text", 0, "fr", "Français"), TextRendition("text-2", 1, "und", forced=True))
    plan = replace(publish_plan(video_plan(1000, renditions=TWO_CODECS), (STEREO, SURROUND)), text=text)
    receipts = receipts_of(plan)
    documents = [
        mpd(present(plan, plan_hash(plan), receipts)),
        mpd(present(plan, plan_hash(plan), [went_on(receipts[0], 1), *receipts[1:]])),
        mpd(present(plan, plan_hash(plan), [went_on(each, 1) if each.tracks else each for each in receipts])),
        mpd(publication(None)),
        mpd(publication(1)),
    ]
    assert [problems(document) for document in documents] == [[]] * 5


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        (
            "<SegmentTimeline>",
            "<!-- --></SegmentTemplate><Label>late</Label><SegmentTemplate><SegmentTimeline>",
            "order",
        ),
        ('bandwidth="', 'bitrate="', "bandwidth is missing"),
        ('bandwidth="', 'bandwidth="-', "bandwidth is '-"),
        ("PT0S", "0", "start is '0'"),
        ('id="audio-0"', 'id="720p"', "two Representation elements are 720p"),
        ('lang="en"', 'lang="english language"', "lang is"),
        ("<SegmentTimeline>", "<SegmentTimeline><Speed />", "Speed is not allowed"),
        ('r="4"', 'r="often"', "r is 'often'"),
        ('profiles="', 'sort="', "profiles is missing"),
        ("urn:mpeg:dash:schema:mpd:2011", "urn:another", "the root is"),
    ],
)
def test_an_invalid_manifest_is_found(right: str, wrong: str, said: str) -> None:
    """The check of the schema sees a wrong order, name, type, number and identity."""
    document = mpd(publication())
    assert right in document
    assert any(said in each for each in problems(document.replace(right, wrong)))


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
