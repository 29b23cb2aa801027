"""Assembling and finishing: manifests last, then ready, once."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from chalicelib.catalog.asset import AssetStatus, ProgressState, TrackInfo, TrackType
from chalicelib.catalog.keys import media_prefix, receipt_key
from chalicelib.errors import AssemblyFailed, ObjectMissing, SourceChanged, WorkSuperseded
from chalicelib.usecases.assemble import assemble
from chalicelib.usecases.publish import finish, probe, validate
from tests.unit.usecases.studio import Studio


def _assemble(studio: Studio, digest: str) -> dict[str, object]:
    return assemble(studio.asset.id, digest, studio.objects, studio.table, studio.settings, clock=studio.clock)


def _validate(studio: Studio, digest: str) -> None:
    validate(studio.asset.id, digest, studio.objects, studio.table, studio.settings, now_ms=studio.clock())


def _finish(studio: Studio, digest: str, attempt: int | None = None) -> dict[str, object]:
    return finish(
        studio.asset.id,
        attempt or studio.asset.attempt,
        digest,
        studio.objects,
        studio.table,
        studio.queues,
        studio.settings,
        now_ms=studio.clock(),
    )


def test_the_multivariant_playlist_is_written_last(studio: Studio) -> None:
    """Its presence is publication: every other manifest is there before it."""
    digest = studio.render_all()
    before = set(studio.published)
    answer = _assemble(studio, digest)
    names = list(studio.published)
    assert names[-1] == "index.m3u8"
    assert set(names) - before == {
        "360p/index.m3u8",
        "360p/iframes.m3u8",
        "audio/index.m3u8",
        "storyboard.vtt",
        "manifest.mpd",
        "index.m3u8",
    }
    assert answer["HlsKey"] == f"{media_prefix(studio.asset.id, digest)}index.m3u8"


def test_the_asset_learns_what_was_published(studio: Studio) -> None:
    """Renditions with the bandwidth of the playlist, keys and the true duration."""
    digest = studio.render_all()
    _assemble(studio, digest)
    asset = studio.now
    (rendition,) = asset.renditions
    assert (rendition.name, rendition.width, rendition.height) == ("360p", 640, 360)
    assert f"BANDWIDTH={rendition.bandwidth_bps},".encode() in studio.published["index.m3u8"]
    assert (asset.state, asset.duration) == (ProgressState.PACKAGING, Fraction(25))


def test_a_missing_receipt_fails_the_assembly(studio: Studio) -> None:
    """Nothing is published unless every task has left its receipt."""
    digest = studio.render_all()
    studio.objects.delete("source", receipt_key(studio.asset.id, digest, 1))
    with pytest.raises(AssemblyFailed):
        _assemble(studio, digest)
    assert "index.m3u8" not in studio.published


def test_a_whole_publication_is_valid(studio: Studio) -> None:
    """What players ask for first is there; without any of it the publication is not."""
    digest = studio.render_all()
    _assemble(studio, digest)
    _validate(studio, digest)
    studio.objects.delete("media", f"{media_prefix(studio.asset.id, digest)}360p/00005.m4s")
    with pytest.raises(ObjectMissing):
        _validate(studio, digest)


def test_ready_is_said_once(studio: Studio) -> None:
    """Finishing twice is finishing once, also on the bill."""
    digest = studio.render_all()
    _assemble(studio, digest)
    first = _finish(studio, digest)
    work = studio.table.get_progress(studio.asset.id, digest)
    assert _finish(studio, digest) == first
    assert studio.table.get_progress(studio.asset.id, digest) == work
    assert (studio.now.status, studio.now.state) == (AssetStatus.READY, ProgressState.COMPLETED)


def test_what_is_made_of_every_asset_is_asked_for_when_it_is_ready(studio: Studio) -> None:
    """After the asset is ready, once, and without waiting for it."""
    studio.settings = replace(studio.settings, static_renditions=("m4a", "gif"))
    digest = studio.render_all()
    _assemble(studio, digest)
    for _ in range(2):
        assert _finish(studio, digest)["Status"] == "ready"
    asked = studio.table.list_renditions(studio.asset.id)
    assert {(each.wish.type.value, each.status.value) for each in asked} == {("m4a", "preparing"), ("gif", "preparing")}
    assert {message.rendition_id for message in studio.queues.renditions} == {each.id for each in asked}


def test_only_the_current_attempt_finishes(studio: Studio) -> None:
    """An execution that was given up for lost does not make the asset ready."""
    digest = studio.render_all()
    with pytest.raises(WorkSuperseded):
        _finish(studio, digest, studio.asset.attempt - 1)
    assert studio.now.status is AssetStatus.PREPARING


def test_an_attempt_begins_with_the_ingested_source(studio: Studio) -> None:
    """Probe lets the current attempt through, on the very bytes that were ingested, and nothing else."""
    etag, attempt = str(studio.asset.source_etag), studio.asset.attempt
    probe(studio.asset.id, attempt, etag, studio.objects, studio.table, studio.settings, now_ms=studio.clock())
    assert studio.now.state is ProgressState.PROBING
    with pytest.raises(WorkSuperseded):
        probe(studio.asset.id, attempt + 1, etag, studio.objects, studio.table, studio.settings, now_ms=studio.clock())
    studio.objects.write("source", studio.asset.source_key, b"other", content_type="video/mp4")
    with pytest.raises(SourceChanged):
        probe(studio.asset.id, attempt, etag, studio.objects, studio.table, studio.settings, now_ms=studio.clock())


def test_the_asset_learns_its_tracks(studio: Studio) -> None:
    """Sound and subtitles as menus name them, each file of text under its own key."""
    studio.encoder.text = ("subrip",)
    digest = studio.render_all()
    _assemble(studio, digest)
    _validate(studio, digest)
    audio, text = studio.now.tracks
    assert audio == TrackInfo(TrackType.AUDIO, "en", "en", channels=2, default=True)
    key = f"{media_prefix(studio.asset.id, digest)}text/subtitles.vtt"
    assert text == TrackInfo(TrackType.TEXT, "und", "Subtitles", key=key)
    assert {"text/index.m3u8", "text/subtitles.vtt"} <= studio.published.keys()


def test_a_cover_is_looked_for(studio: Studio) -> None:
    """Sound with a cover is whole only with its poster, and the asset has it."""
    studio.encoder.has_video = False
    studio.probe.source = replace(studio.probe.source, cover=True)
    digest = studio.render_all()
    _assemble(studio, digest)
    _validate(studio, digest)
    assert studio.now.poster_key == f"{media_prefix(studio.asset.id, digest)}poster.jpg"
    studio.objects.delete("media", studio.now.poster_key)
    with pytest.raises(ObjectMissing):
        _validate(studio, digest)
