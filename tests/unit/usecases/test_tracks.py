"""Tracks of text that are added to an asset: before, while and after it is published."""

from __future__ import annotations

from dataclasses import replace

import m3u8
import pytest

from chalicelib.catalog.asset import Asset, AssetChange, AssetStatus
from chalicelib.catalog.events import EventType
from chalicelib.catalog.keys import media_prefix
from chalicelib.catalog.options import Encoder
from chalicelib.catalog.track import MAX_SIDECARS, CaptionTrack, TrackStatus, WantedTrack
from chalicelib.errors import CaptionsInvalid, TooManyTracks, TrackExists, TrackNotFound, TrackUnsuitable
from chalicelib.usecases.assemble import assemble
from chalicelib.usecases.assets import delete_asset
from chalicelib.usecases.cleanup import LOST_AFTER_MS
from chalicelib.usecases.publish import finish
from chalicelib.usecases.publish_tracks import publish_tracks, reconcile_track
from chalicelib.usecases.tracks import add_track, living_track, living_tracks, name_tracks, remove_track
from tests.unit.usecases.studio import Studio

SRT = b"1\n00:00:01,000 --> 00:00:02,500\nHallo\n"
GERMAN = WantedTrack("de", "Deutsch")
FRENCH = WantedTrack("fr", "Fran\u00e7ais")


@pytest.fixture
def studio() -> Studio:
    return Studio()


@pytest.fixture
def ready() -> Studio:
    studio = Studio()
    _publish(studio)
    return studio


def _publish(studio: Studio) -> None:
    digest = studio.render_all()
    assemble(studio.asset.id, digest, studio.objects, studio.table, studio.settings, clock=studio.clock)
    _finish(studio, digest)


def _finish(studio: Studio, digest: str) -> None:
    of = studio
    finish(of.asset.id, of.asset.attempt, digest, of.objects, of.table, of.queues, of.settings, now_ms=studio.clock())


def _add(studio: Studio, wanted: WantedTrack = GERMAN, data: bytes | None = SRT) -> CaptionTrack:
    wish = (wanted, data)
    return add_track(studio.now, wish, studio.objects, studio.table, studio.settings, now_ms=studio.clock())


def _remove(studio: Studio, track: CaptionTrack) -> None:
    remove_track(track, studio.objects, studio.table, studio.settings, now_ms=studio.clock())


def _names(studio: Studio) -> list[str]:
    """What the playlist that the asset names says there is to read."""
    key = studio.now.hls_key or ""
    media = m3u8.loads(studio.objects.read("media", key).decode()).media
    return [each.name for each in media if each.type == "SUBTITLES"]


def _told(studio: Studio) -> list[EventType]:
    found = [studio.table.find_event(each) for each in studio.table.told]
    return [each.event.type for each in found if each and each.event.type.startswith("track.")]


def test_a_ready_asset_gets_new_manifests_beside_the_old(ready: Studio) -> None:
    """Nothing that was published changes; what is new names it, and the asset names what is new."""
    before, runs = dict(ready.objects.stored), len(ready.encoder.runs)
    old = ready.now
    track = _add(ready)
    assert (track.status, track.cues) == (TrackStatus.READY, 1)
    assert before.items() <= ready.objects.stored.items()
    assert len(ready.encoder.runs) == runs
    prefix = media_prefix(old.id, old.plan_hash or "")
    new = {key.removeprefix(prefix) for _, key in set(ready.objects.stored) - set(before)}
    assert {name.split("-")[0] for name in new if "/" not in name} == {"index", "manifest"}
    assert f"captions/{track.folder}.m3u8" in new
    assert track.key in new
    assert b"\nHallo\n" in ready.objects.read("media", track.key)
    now = ready.now
    assert (old.hls_key, old.dash_key) == (f"{prefix}index.m3u8", f"{prefix}manifest.mpd")
    assert now.hls_key != old.hls_key
    assert track.folder.encode() in ready.objects.read("media", now.dash_key or "")
    assert [(each.id, each.language, each.name, each.key) for each in now.tracks if each.id] == [
        (track.id, "de", "Deutsch", track.key)
    ]
    assert _told(ready) == [EventType.TRACK_READY]


def test_the_last_write_of_a_revision_is_its_playlist(ready: Studio) -> None:
    """As with the first one: its presence says that the rest is there."""
    _add(ready)
    assert list(ready.objects.stored)[-1] == ("media", ready.now.hls_key)


def test_asking_twice_is_asking_once(ready: Studio) -> None:
    """The same request gives the same track and changes nothing; another file under the same name is refused."""
    first, stored = _add(ready), dict(ready.objects.stored)
    assert _add(ready) == first
    assert ready.objects.stored == stored
    with pytest.raises(TrackExists):
        _add(ready, data=SRT.replace(b"Hallo", b"Servus"))
    second = _add(ready, WantedTrack("de", "Deutsch (2)"))
    assert second.id != first.id
    assert sorted(_names(ready)) == ["Deutsch", "Deutsch (2)"]


def test_one_name_in_two_languages_is_numbered(ready: Studio) -> None:
    """In a menu, a name stands for one track."""
    _add(ready)
    _add(ready, WantedTrack("at", "Deutsch"))
    assert _names(ready) == ["Deutsch", "Deutsch 2"]


def test_what_is_removed_is_gone(ready: Studio) -> None:
    """The manifests of before come back, with the same names; the same track may be added again, under another key."""
    old = ready.now
    track = _add(ready)
    ready.clock.sleep(1)
    _remove(ready, track)
    assert (ready.now.hls_key, ready.now.dash_key, ready.now.tracks) == (old.hls_key, old.dash_key, old.tracks)
    assert not ready.objects.exists("media", track.key)
    assert living_tracks(old.id, ready.table) == []
    with pytest.raises(TrackNotFound):
        living_track(old.id, track.id, ready.table)
    again = _add(ready)
    assert again.id == track.id
    assert again.key != track.key
    assert _told(ready) == [EventType.TRACK_READY, EventType.TRACK_READY]


def test_a_track_that_is_there_before_the_asset_is_published_with_it(studio: Studio) -> None:
    """Ready is told of an asset that has it already."""
    track = _add(studio)
    assert track.status is TrackStatus.PREPARING
    _publish(studio)
    assert _names(studio) == ["Deutsch"]
    assert studio.table.get_track(studio.asset.id, track.id).status is TrackStatus.READY
    stored = [studio.table.find_event(each) for each in studio.table.told]
    (told,) = [each.event.subject for each in stored if each and each.event.type is EventType.ASSET_READY]
    assert isinstance(told, Asset)
    assert told.hls_key == studio.now.hls_key


def test_a_track_that_comes_while_ready_is_written_is_not_lost(studio: Studio) -> None:
    """Its record was made before the asset was ready; the step that makes it ready looks once more."""
    digest = studio.render_all()
    assemble(studio.asset.id, digest, studio.objects, studio.table, studio.settings, clock=studio.clock)
    update = studio.table.update_asset

    def late(asset_id: str, change: AssetChange, **how: object) -> Asset | None:
        if change.status is AssetStatus.READY:
            _add(studio)
        return update(asset_id, change, **how)  # type: ignore[arg-type]

    studio.table.update_asset = late  # type: ignore[method-assign]
    _finish(studio, digest)
    assert _names(studio) == ["Deutsch"]


def test_two_requests_at_once_lose_no_track(ready: Studio) -> None:
    """Whoever has read the records too early reads them again."""
    update, meanwhile = ready.table.update_asset, [FRENCH]

    def other_first(asset_id: str, change: AssetChange, **how: object) -> Asset | None:
        if meanwhile:
            _add(ready, meanwhile.pop())
        return update(asset_id, change, **how)  # type: ignore[arg-type]

    ready.table.update_asset = other_first  # type: ignore[method-assign]
    _add(ready)
    assert sorted(_names(ready)) == ["Deutsch", FRENCH.name]
    assert {each.status for each in living_tracks(ready.asset.id, ready.table)} == {TrackStatus.READY}


def test_a_file_that_is_named_may_come_later(studio: Studio) -> None:
    """It is read when the asset is published; what is wrong with one ends on its track, and the asset is ready."""
    good, bad, missing = (replace(GERMAN, name=name, key=f"uploads/{name}.srt") for name in ("good", "bad", "missing"))
    name_tracks(studio.asset.id, [good, bad, missing], studio.table, now_ms=studio.clock())
    studio.objects.write("source", "uploads/good.srt", SRT, content_type="x/y")
    studio.objects.write("source", "uploads/bad.srt", b"no", content_type="x/y")
    _publish(studio)
    assert studio.now.status is AssetStatus.READY
    assert _names(studio) == ["good"]
    found = {each.name: each for each in living_tracks(studio.asset.id, studio.table)}
    assert found["good"].status is TrackStatus.READY
    for name, said in (("bad", "line 1"), ("missing", "there is no s3://")):
        error = found[name].error
        assert found[name].status is TrackStatus.ERRORED
        assert error is not None
        assert error.code == "captions-invalid"
        assert said in error.message
    assert sorted(_told(studio)) == ["track.errored", "track.errored", "track.ready"]
    assert _add(studio, WantedTrack("de", "bad")).status is TrackStatus.READY


def test_a_named_file_of_a_request_is_read_at_once(ready: Studio) -> None:
    """What is wrong with it is said to who asks, and no track is left."""
    with pytest.raises(CaptionsInvalid, match="there is no"):
        _add(ready, replace(GERMAN, key="uploads/x.srt"), data=None)
    assert living_tracks(ready.asset.id, ready.table) == []
    ready.objects.write("source", "uploads/x.srt", SRT, content_type="x/y")
    assert _add(ready, replace(GERMAN, key="uploads/x.srt"), data=None).status is TrackStatus.READY


def test_an_asset_has_room_for_so_many(ready: Studio) -> None:
    """Each is in every manifest, so there is an end."""
    named = [WantedTrack("de", str(number), key="uploads/x.srt") for number in range(MAX_SIDECARS)]
    name_tracks(ready.asset.id, named, ready.table, now_ms=ready.clock())
    with pytest.raises(TooManyTracks):
        _add(ready)


def test_manifests_of_mediaconvert_take_none(ready: Studio) -> None:
    """A request is refused; a track that was named before ends as errored."""
    name_tracks(ready.asset.id, [replace(GERMAN, key="uploads/x.srt")], ready.table, now_ms=ready.clock())
    change = AssetChange(encoder=Encoder.MEDIACONVERT)
    ready.table.update_asset(ready.asset.id, change, expect=frozenset({AssetStatus.READY}), now_ms=ready.clock())
    with pytest.raises(TrackUnsuitable):
        _add(ready, FRENCH)
    publish_tracks(ready.asset.id, ready.objects, ready.table, ready.settings, now_ms=ready.clock())
    (track,) = living_tracks(ready.asset.id, ready.table)
    assert track.error is not None
    assert track.error.code == "track-unsuitable"


def test_what_was_left_half_done_is_finished(ready: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that died after its record is found by the schedule, one to remove as well as one to add."""
    kept, removed = _add(ready, FRENCH), _add(ready, WantedTrack("es", "es"))
    with monkeypatch.context() as dies:
        dies.setattr("chalicelib.usecases.tracks.publish_tracks", _die)
        for work in (lambda: _add(ready), lambda: _remove(ready, removed)):
            with pytest.raises(ConnectionError):
                work()
    assert sorted(_names(ready)) == [FRENCH.name, "es"]
    ready.clock.sleep(LOST_AFTER_MS / 1000 + 1)
    for track in list(ready.table.stuck_tracks(before_ms=ready.clock() - LOST_AFTER_MS)):
        reconcile_track(track, ready.objects, ready.table, ready.settings, now_ms=ready.clock())
    assert sorted(_names(ready)) == ["Deutsch", FRENCH.name]
    assert not ready.objects.exists("media", removed.key)
    assert ready.objects.exists("media", kept.key)
    assert list(ready.table.stuck_tracks(before_ms=ready.clock() + 1)) == []


def test_a_deleted_asset_keeps_no_track(ready: Studio) -> None:
    """Neither records nor files."""
    _add(ready)
    of = ready
    delete_asset(
        of.asset.id,
        of.objects,
        of.table,
        of.workflows,
        of.mediaconvert,
        of.mediapackage,
        of.settings,
        now_ms=of.clock(),
    )
    assert ready.table.list_tracks(ready.asset.id) == []
    assert list(ready.objects.list_keys("media", "media/")) == []


def _die(*_: object, **__: object) -> None:
    raise ConnectionError
