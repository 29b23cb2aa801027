"""Subtitles added to assets of the deployed local AWS: by API, with an upload, and what players make of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import m3u8
from playwright.sync_api import Page, expect

from tests.browser import Watch, chromium, until
from tests.e2e.clips import clip, run_ffmpeg
from tests.e2e.conftest import LocalAws
from tests.mpd_schema import problems

GERMAN = "1\r\n00:00:00,000 --> 00:00:20,000\r\nGr\u00fc\u00dfe <font color=red>aus</font> <i>Wien</i>\r\n"
FRENCH = "WEBVTT\n\n00:00.500 --> 00:02.000 line:10%\nBonjour\n"
SCREENSHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"
SHOWN = "[...document.querySelector('video').textTracks].find((each) => each.mode === 'showing')"

# The page has tracks of its own beside the manifest; this is what a player finds in the manifest alone.
_READ_BY_HLS_JS = """async (url) => {
    const { default: Hls } = await import("/web/vendor/hls.js");
    const [hls, video] = [new Hls(), document.createElement("video")];
    const parsed = new Promise((resolve) => hls.once(Hls.Events.MANIFEST_PARSED, resolve));
    hls.loadSource(url);
    hls.attachMedia(video);
    await parsed;
    hls.subtitleDisplay = true;
    hls.subtitleTrack = 1;
    const languages = hls.subtitleTracks.map((track) => track.lang);
    for (let tries = 0; tries < 100; tries++) {
        const [cue] = [...video.textTracks].flatMap((track) => [...(track.cues ?? [])]);
        if (cue) return [languages, cue.text, cue.startTime];
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return languages;
}"""


def _add(local_aws: LocalAws, asset_id: str, query: str, content: bytes, kind: str) -> dict[str, Any]:
    path = f"/v1/assets/{asset_id}/tracks?{query}"
    answer = local_aws.api("POST", path, content=content, headers={"Content-Type": kind})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_a_track_of_a_ready_asset_is_read_by_players(local_aws: LocalAws, tmp_path: Path) -> None:
    """Cues come through HLS and are shown by the page, over HLS and DASH; the old manifests go on playing."""
    asset_id = local_aws.publish(clip(tmp_path / "clip.mp4", seconds=4))["id"]
    old = local_aws.api("GET", f"/v1/assets/{asset_id}").json()
    bad = local_aws.api("POST", f"/v1/assets/{asset_id}/tracks", json={"language": "de", "text": "1\n00:00 -> 2\n"})
    assert (bad.status_code, bad.json()["code"], bad.json()["line"]) == (422, "captions-invalid", 2)
    made = _add(local_aws, asset_id, "language=de&name=Deutsch", GERMAN.encode("cp1252"), "application/x-subrip")
    assert (made["status"], made["cues"]) == ("ready", 1)
    _add(local_aws, asset_id, "language=fr&kind=captions", FRENCH.encode(), "text/vtt")

    now = local_aws.api("GET", f"/v1/assets/{asset_id}").json()
    assert [each["name"] for each in now["tracks"] if each["type"] == "text"] == ["Deutsch", "fr"]
    texts = [each for each in m3u8.load(now["playback"]["hls"]).media if each.type == "SUBTITLES"]
    assert [(each.language, each.name) for each in texts] == [("de", "Deutsch"), ("fr", "fr")]
    (part,) = m3u8.load(texts[0].absolute_uri).segments
    assert "Gr\u00fc\u00dfe aus <i>Wien</i>" in httpx.get(part.absolute_uri).text
    assert problems(httpx.get(now["playback"]["dash"]).text) == []
    for manifest in (old["playback"]["hls"], now["playback"]["hls"]):
        assert run_ffmpeg("-i", manifest, "-map", "0:v:0", "-f", "framecrc", "-").count("\n0,") == 4 * 30

    with chromium() as browser:
        page = browser.new_page()
        for engine, suffix in (("hls.js", ""), ("dash.js", "&format=dash")):
            watch = Watch.on(page, local_aws.base_url)
            page.goto(f"{local_aws.base_url}/?asset={asset_id}{suffix}")
            expect(page.locator(".player")).to_have_attribute("data-engine", engine)
            _reads(page, ["Off", "Deutsch", "fr"], 1, "Gr\u00fc\u00dfe aus <i>Wien</i>")
            assert watch == Watch(watch.host)
        found = page.evaluate(_READ_BY_HLS_JS, now["playback"]["hls"])
        assert found == [["de", "fr"], "Bonjour", 0.5]

    assert local_aws.api("DELETE", f"/v1/assets/{asset_id}/tracks/{made['id']}").status_code == 202
    assert httpx.head(made["url"]).status_code == 404
    left = local_aws.api("GET", f"/v1/assets/{asset_id}").json()
    assert [each["name"] for each in left["tracks"] if each["type"] == "text"] == ["fr"]


def _reads(page: Page, menu: list[str], choice: int, text: str) -> None:
    """Choose a track in the player's menu, and see its cue on the picture."""
    page.locator("video").evaluate("(video) => { video.muted = true; return video.play(); }")
    until(page, "() => document.querySelector('video').currentTime > 0.1")
    page.get_by_role("button", name="Subtitles").click()
    items = page.get_by_role("menuitemradio")
    expect(items).to_have_text(menu)
    items.nth(choice).click()
    until(page, f"(text) => [...({SHOWN}?.activeCues ?? [])].some((cue) => cue.text === text)", text)


def test_captions_come_with_an_upload(local_aws: LocalAws, tmp_path: Path) -> None:
    """One in the request and one that lies in the bucket; such a file becomes no asset of its own."""
    key = "uploads/beside.srt"
    local_aws.clients.s3.put_object(Bucket=local_aws.source_bucket, Key=key, Body=GERMAN.encode())
    captions = [
        {"language": "de", "key": key},
        {"language": "fr", "text": FRENCH, "kind": "captions"},
        {"language": "es", "key": "uploads/none.srt"},
    ]
    source = clip(tmp_path / "clip.mp4", seconds=2)
    body = {"filename": "a.mp4", "size": source.stat().st_size, "asset": {"captions": captions, "passthrough": "a"}}
    upload = local_aws.api("POST", "/v1/uploads", json=body).raise_for_status().json()
    httpx.put(upload["url"], content=source.read_bytes()).raise_for_status()
    local_aws.api("POST", f"/v1/uploads/{upload['id']}/complete").raise_for_status()
    asset = local_aws.settled(upload["asset_id"])
    assert asset["status"] == "ready", asset["errors"]
    assert {each["language"] for each in asset["tracks"] if each["type"] == "text"} == {"de", "fr"}
    listed = local_aws.api("GET", f"/v1/assets/{asset['id']}/tracks").json()["data"]
    assert {each["language"]: each["status"] for each in listed} == {"de": "ready", "fr": "ready", "es": "errored"}
    assets = local_aws.api("GET", "/v1/assets?limit=100").json()["data"]
    assert "beside.srt" not in {each["filename"] for each in assets}
    changed = local_aws.api("PATCH", f"/v1/assets/{asset['id']}", json={"meta": {"title": "A"}}).json()
    assert (changed["meta"], changed["passthrough"]) == ({"title": "A"}, "a")


def test_the_page_adds_and_removes_a_track(local_aws: LocalAws, tmp_path: Path) -> None:
    """A chosen file is in the player's menu at once; a bad one is refused with its line; a removed one is gone."""
    asset_id = local_aws.publish(clip(tmp_path / "clip.mp4", seconds=2))["id"]
    good, bad = tmp_path / "good.srt", tmp_path / "bad.srt"
    good.write_bytes(GERMAN.encode("utf-16"))
    bad.write_text("1\n00:00:01,000 -> 00:00:02,000\nx\n")
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 1400})
        page.goto(f"{local_aws.base_url}/?asset={asset_id}")
        section = page.locator("[data-part=subtitles]")
        section.locator("[name=language]").fill("de")
        section.locator("[name=file]").set_input_files(bad)
        section.locator("[type=submit]").click()
        expect(section.locator("[role=alert]")).to_contain_text("Line 2")
        section.locator("[name=file]").set_input_files(good)
        section.locator("[type=submit]").click()
        expect(section.locator("li")).to_have_count(1)
        _reads(page, ["Off", "de"], 1, "Gr\u00fc\u00dfe aus <i>Wien</i>")
        page.screenshot(path=SCREENSHOTS / "8-subtitles.png")
        section.get_by_label("Remove de").click()
        expect(section.locator("li")).to_have_count(0)
        expect(page.get_by_role("button", name="Subtitles")).to_have_count(0)
