"""A real video goes in, a playable adaptive stream comes out: the main job, on the deployed local AWS."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urljoin
from xml.etree import ElementTree as ET

import httpx
import m3u8

from tests.e2e.clips import clip, played_frames, run_ffmpeg
from tests.e2e.conftest import LocalAws

MPD = "{urn:mpeg:dash:schema:mpd:2011}"


def test_a_video_becomes_ready_and_plays_whole(local_aws: LocalAws, tmp_path: Path) -> None:
    """Every rendition of a two-chunk clip holds every frame, and the audio is as long as the picture."""
    asset = local_aws.publish(clip(tmp_path / "clip.mp4", seconds=14, size="1280x720"))

    assert asset["status"] == "ready", asset["errors"]
    assert asset["progress"]["percent"] == 100
    assert asset["progress"]["chunks_done"] == asset["progress"]["chunks_total"] == 3
    assert asset["aspect_ratio"] == "16:9"
    assert abs(asset["duration"] - 14) < 0.05
    assert asset["cost"]["accrued_usd"] > 0
    names = [rendition["name"] for rendition in asset["renditions"]]
    assert names == ["720p", "480p", "360p"]

    hls = m3u8.loads(httpx.get(asset["playback"]["hls"]).raise_for_status().text, uri=asset["playback"]["hls"])
    assert [variant.stream_info.resolution for variant in hls.playlists if variant.stream_info.resolution]
    for variant in hls.playlists:
        assert played_frames(variant.absolute_uri, "0:v:0")[0] == 14 * 30
    audio = next(media for media in hls.media if media.type == "AUDIO")
    packets = played_frames(audio.absolute_uri, "0:a:0")[0]
    assert abs(packets * 1024 / 48000 - 14) < 0.05


def test_dash_names_the_same_segments_as_hls(local_aws: LocalAws, tmp_path: Path) -> None:
    """Both manifests are views of one set of CMAF segments, and each one is really there."""
    asset = local_aws.publish(clip(tmp_path / "clip.mp4", seconds=5))
    assert asset["status"] == "ready", asset["errors"]
    hls_url, dash_url = asset["playback"]["hls"], asset["playback"]["dash"]

    hls = m3u8.load(hls_url)
    playlists = [entry.absolute_uri for entry in (*hls.playlists, *hls.media)]
    from_hls = {segment.absolute_uri for playlist in playlists for segment in m3u8.load(playlist).segments}

    from_dash: set[str] = set()
    root = ET.fromstring(httpx.get(dash_url).raise_for_status().text)  # noqa: S314  our own document
    for adaptation in root.iter(f"{MPD}AdaptationSet"):
        template = adaptation.find(f".//{MPD}SegmentTemplate")
        assert template is not None
        count = sum(1 + int(entry.get("r", "0")) for entry in template.iter(f"{MPD}S"))
        for representation in adaptation.iter(f"{MPD}Representation"):
            media = template.attrib["media"].replace("$RepresentationID$", representation.attrib["id"])
            first = int(template.get("startNumber", "1"))
            names = (media.replace("$Number%05d$", f"{number:05d}") for number in range(first, first + count))
            from_dash |= {urljoin(dash_url, name) for name in names}

    assert from_dash == from_hls
    assert all(httpx.head(url).status_code == 200 for url in from_dash)


def test_poster_and_storyboard_are_pictures(local_aws: LocalAws, tmp_path: Path) -> None:
    """The poster decodes, and every cue of the storyboard points inside its sprite."""
    asset = local_aws.publish(clip(tmp_path / "clip.mp4", seconds=14))
    poster = tmp_path / "poster.jpg"
    poster.write_bytes(httpx.get(asset["images"]["poster"]).raise_for_status().content)
    assert run_ffmpeg("-i", str(poster), "-f", "framecrc", "-").strip().splitlines()[-1].startswith("0,")

    vtt_url = asset["images"]["storyboard_vtt"]
    vtt = httpx.get(vtt_url).raise_for_status().text
    assert vtt.startswith("WEBVTT")
    cues = [line for line in vtt.splitlines() if "#xywh=" in line]
    assert cues
    for cue in cues:
        path, area = cue.split("#xywh=")
        sprite = tmp_path / "sprite.jpg"
        sprite.write_bytes(httpx.get(urljoin(vtt_url, path)).raise_for_status().content)
        left, top, width, height = (int(number) for number in area.split(","))
        run_ffmpeg("-i", str(sprite), "-vf", f"crop={width}:{height}:{left}:{top}:exact=1", "-f", "null", "-")


def test_audio_only_gives_an_audio_only_stream(local_aws: LocalAws, tmp_path: Path) -> None:
    """A source without a picture is no error: its stream has audio and nothing else."""
    source = tmp_path / "tone.m4a"
    run_ffmpeg("-f", "lavfi", "-i", "sine=f=330:r=44100:d=7", "-c:a", "aac", str(source))
    asset = local_aws.publish(source)

    assert asset["status"] == "ready", asset["errors"]
    assert asset["renditions"] == []
    assert asset["images"]["poster"] is None
    packets = played_frames(asset["playback"]["hls"], "0")
    assert set(packets) == {0}
    assert abs(packets[0] * 1024 / 48000 - 7) < 0.1


def test_an_object_put_by_other_means_is_published_too(local_aws: LocalAws, tmp_path: Path) -> None:
    """S3's own event is enough: a file copied under uploads/ becomes an asset without any call of ours."""
    presigned = local_aws.api("GET", "/presign", params={"name": "clip.mp4"}).raise_for_status().json()
    source = clip(tmp_path / "clip.mp4", seconds=3)
    httpx.put(presigned["url"], content=source.read_bytes(), timeout=60).raise_for_status()

    asset = local_aws.settled(presigned["asset_id"])
    assert asset["status"] == "ready", asset["errors"]


def test_a_large_upload_goes_in_parts(local_aws: LocalAws, tmp_path: Path) -> None:
    """A file above the single-put size arrives by S3 multipart, whole."""
    source = tmp_path / "large.mkv"
    run_ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=s=1280x720:r=30:d=2", "-c:v", "rawvideo", "-pix_fmt", "yuv420p", str(source)
    )
    asset = local_aws.publish(source)
    assert asset["status"] == "ready", asset["errors"]
    uploads = local_aws.api("GET", "/v1/uploads").raise_for_status().json()["data"]
    upload = next(upload for upload in uploads if upload["asset_id"] == asset["id"])
    assert upload["status"] == "completed"
    assert 1 < source.stat().st_size / upload["part_size"] < 20
