"""The commands, word by word, and what may never be missing from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from chalicelib.media.audio_commands import audio_command
from chalicelib.media.chunks import rest_of
from chalicelib.media.commands import (
    Command,
    chunk_command,
    rest_command,
    scan_arguments,
    seek_pads,
    stills_command,
    trial_arguments,
)
from chalicelib.media.ladder import choose_ladder
from chalicelib.media.plan import Plan, VideoCodec, VideoPlan
from chalicelib.media.source import Container, Transfer
from tests.publication import LADDER, STEREO, publish_plan, video_plan

Golden = Callable[[str, str], None]
SOURCE = "source.bin"
THREE_CODECS = choose_ladder(640, 360, (360, 240), Fraction(30), codecs=tuple(VideoCodec))


def planned(**changes: object) -> Plan:
    """Two full chunks and a short one of NTSC video, with a clock that starts late."""
    video = video_plan(800, renditions=LADDER[:2])
    stills = replace(video.stills, poster_frame=400)
    video = replace(video, stills=stills, **changes)  # type: ignore[arg-type]
    return replace(publish_plan(video, (STEREO,)), origin=Fraction(14, 10))


def video_of(plan: Plan) -> VideoPlan:
    assert plan.video is not None
    return plan.video


def text(command: Command) -> str:
    """One word a line, then the outputs."""
    return "\n".join([*command.arguments, "", *command.outputs, ""])


def after(command: Command, flag: str) -> str:
    return command.arguments[command.arguments.index(flag) + 1]


@pytest.mark.parametrize(
    ("name", "index", "pad", "changes", "container"),
    [
        ("first", 0, 0, {}, Container.MP4),
        ("poster", 1, 0, {}, Container.MP4),
        ("last", 2, 2, {}, Container.MPEGTS),
        ("hdr", 1, 0, {"transfer": Transfer.PQ}, Container.MATROSKA),
        ("interlaced", 1, 0, {"deinterlace": True}, Container.MPEGPS),
        ("codecs", 0, 0, {"renditions": THREE_CODECS}, Container.MP4),
    ],
)
def test_chunk_commands(
    golden: Golden, name: str, index: int, pad: int, changes: dict[str, object], container: Container
) -> None:
    """The first, the middle and the last chunk, a late-seeking retry, HDR and interlaced sources, three codecs."""
    plan = replace(planned(**changes), container=container)
    golden(f"commands/chunk-{name}.txt", text(chunk_command(plan, index, SOURCE, Fraction(pad))))


def test_the_rest_of_a_chunk(golden: Golden) -> None:
    """What is left of a chunk is the same encoding from a later frame on, and its stills are made apart."""
    plan = planned()
    rest = rest_of(video_of(plan).chunks[1], video_of(plan).segment_frames, 1)
    assert rest is not None
    golden("commands/rest.txt", text(rest_command(plan, rest, SOURCE, Fraction(0))))
    golden("commands/stills.txt", text(stills_command(plan, 1, SOURCE)))


def test_sound_that_goes_on(golden: Golden) -> None:
    """All is decoded as before, and encoded from some packets ahead."""
    golden("commands/audio-rest.txt", text(audio_command(planned(), STEREO, SOURCE, start_ticks=288_768)))


def test_the_audio_command(golden: Golden) -> None:
    """Sound is encoded once, whole."""
    golden("commands/audio.txt", text(audio_command(planned(), STEREO, SOURCE)))


def test_the_scan_command(golden: Golden) -> None:
    """Scanning decodes nothing; the trial decodes one frame."""
    golden("commands/scan.txt", "\n".join([*scan_arguments(SOURCE, Container.AVI), ""]))
    golden("commands/trial.txt", "\n".join([*trial_arguments(SOURCE, Container.AVI, "a:1"), ""]))


@pytest.mark.parametrize("container", list(Container))
def test_every_command_opens_one_file_with_one_demuxer(container: Container) -> None:
    """Whatever the source is, nothing but its own demuxer and local files can be reached."""
    plan = replace(planned(), container=container)
    scan = Command(scan_arguments(SOURCE, container), ())
    trial = Command(trial_arguments(SOURCE, container, "V:0"), ())
    for command in (chunk_command(plan, 1, SOURCE), audio_command(plan, STEREO, SOURCE), scan, trial):
        first_input = command.arguments.index("-i")
        for flag, value in (
            ("-f", container.demuxer),
            ("-format_whitelist", container.demuxer),
            ("-protocol_whitelist", "file"),
            ("-max_pixels", "40000000"),
        ):
            position = command.arguments.index(flag)
            assert position < first_input
            assert command.arguments[position + 1] == value
        assert command.arguments.count("-i") == 1


def test_the_grid_begins_where_the_picture_does() -> None:
    """Chunks before the source's first picture do not seek, and fill the grid from their own beginning."""
    plan = planned(first_frame=500)
    assert "start_time=12.012000" in after(chunk_command(plan, 1, SOURCE), "-filter_complex")
    assert "-ss" not in chunk_command(plan, 1, SOURCE).arguments
    assert "start_time" not in after(chunk_command(plan, 2, SOURCE), "-filter_complex")
    assert after(chunk_command(plan, 2, SOURCE), "-ss") == "25.424000"


def test_a_clip_is_cut_out_of_the_whole_grid() -> None:
    """Its chunks take the grid's frames, later by the clip's first, and number them from nought."""
    plan = planned(clip_frame=90, first_frame=-90)
    # The origin is the clip's own; the grid begins 90 frames, 3.003 s, before.
    graph = after(chunk_command(plan, 1, SOURCE), "-filter_complex")
    assert "setpts=PTS-round(-1.603000/TB)" in graph
    assert "trim=end_pts=810:start_pts=450" in graph
    assert "setpts=PTS-90" in graph
    assert after(chunk_command(plan, 1, SOURCE), "-ss") == "13.412000"
    # The first chunk seeks too: there is something before it.
    assert after(chunk_command(plan, 0, SOURCE), "-ss") == "1.400000"
    assert "start_time" not in after(chunk_command(plan, 0, SOURCE), "-filter_complex")


def test_a_clips_sound_ends_with_it() -> None:
    """Cut to the sample before anything is filled in; a late clip is sought where the container has an index."""
    plan = replace(planned(), clipped=True, origin=Fraction(100))
    words = audio_command(plan, STEREO, SOURCE).arguments
    graph = after(Command(words, ()), "-filter_complex")
    assert graph.index("asetpts") < graph.index("atrim=end=26.693333:start=0") < graph.index("aresample")
    assert after(Command(words, ()), "-ss") == "90.000000"
    early = replace(plan, origin=Fraction(50))
    for other in (early, replace(plan, container=Container.MPEGTS), replace(plan, clipped=False)):
        assert "-ss" not in audio_command(other, STEREO, SOURCE).arguments


def test_a_pad_moves_the_seek_and_nothing_else() -> None:
    """A retry reads more and writes the same."""
    plan = planned()
    near, far = (chunk_command(plan, 2, SOURCE, Fraction(pad)).arguments for pad in (0, 6))
    changed = [(a, b) for a, b in zip(near, far, strict=True) if a != b]
    assert changed == [("25.424000", "19.424000")]
    assert "-ss" not in chunk_command(plan, 1, SOURCE, Fraction(18)).arguments


def test_containers_without_an_index_pad_at_once() -> None:
    """Their first seek always lands late."""
    assert seek_pads(Container.MP4)[0] == 0
    assert seek_pads(Container.MPEGTS)[0] == seek_pads(Container.MPEGPS)[0] == 2


def test_only_the_chunk_with_the_poster_makes_one() -> None:
    """The poster is one frame of one chunk."""
    plan = planned()
    outputs = [chunk_command(plan, index, SOURCE).outputs for index in range(3)]
    assert [("poster.jpg" in names) for names in outputs] == [False, True, False]
    assert all(names[:3] == ("720p.mp4", "480p.mp4", "sprite.jpg") for names in outputs)


def test_renditions_of_one_size_are_scaled_once() -> None:
    """One decode and one scaling a size, however many codecs."""
    graph = after(chunk_command(planned(renditions=THREE_CODECS), 0, SOURCE), "-filter_complex")
    assert graph.count("scale=") == 2 + 1  # and the storyboard


def test_lossless_changes_the_rate_control_only() -> None:
    """The proof of exact cuts runs the command that customers get."""
    plan = planned()
    normal = set(chunk_command(plan, 1, SOURCE).arguments)
    lossless = set(chunk_command(plan, 1, SOURCE, lossless=True).arguments)
    assert lossless - normal == {"-qp"}
    assert {"-crf", "-maxrate", "-bufsize"} <= normal - lossless


def test_a_plan_without_video_has_no_chunks() -> None:
    """Asking for one is a mistake of the caller."""
    with pytest.raises(ValueError, match="no video"):
        chunk_command(replace(planned(), video=None), 0, SOURCE)
