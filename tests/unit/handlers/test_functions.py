"""The functions behind queue, events, schedule and state machines: what comes over the wire, and what goes back."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from chalice.test import Client

from chalicelib.catalog.asset import AssetStatus
from chalicelib.catalog.keys import upload_key
from chalicelib.catalog.rendition import RenditionStatus
from chalicelib.errors import ActionUnknown, ObjectMissing, WorkSuperseded
from chalicelib.handlers import wiring
from chalicelib.handlers.early import EarlyEvent
from chalicelib.handlers.events import parse_event
from chalicelib.handlers.publish import PublishEvent
from chalicelib.handlers.render import parse_render_event
from chalicelib.media import early
from chalicelib.media.timing import TimeRange
from tests.unit.catalog.samples import ASSET_ID, PLAN_HASH, a_rendition, an_asset
from tests.unit.media.progressive import audio, file_of, video
from tests.unit.usecases.desk import Desk
from tests.unit.usecases.studio import Studio


def _client(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Client:
    services = desk.services()
    monkeypatch.setattr(wiring, "services", lambda: services)
    import app

    return Client(app.app)


@pytest.fixture
def client(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Client:
    return _client(desk, monkeypatch)


def _invoke(client: Client, name: str, event: Any) -> Any:
    return client.lambda_.invoke(name, event).payload


def test_the_state_machines_events_publish_an_asset(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """The payloads of both definitions, filled in, lead from an ingested source to a ready asset."""
    client = _client(studio, monkeypatch)
    asset = studio.asset
    outer = {"AssetId": asset.id, "Attempt": asset.attempt}
    _invoke(client, "publish", {"Action": "probe", **outer, "Etag": asset.source_etag})
    planned = _invoke(client, "render", {"Action": "plan", "AssetId": asset.id})
    inner = {"AssetId": asset.id, "PlanHash": planned["PlanHash"]}
    for index in planned["Items"]:
        _invoke(client, "render", {"Action": "renderChunk", **inner, "ChunkIndex": index})
    assert _invoke(client, "render", {"Action": "assemble", **inner})["PlanHash"] == planned["PlanHash"]
    _invoke(client, "publish", {"Action": "validate", **inner})
    ready = _invoke(client, "publish", {"Action": "ready", **outer, "PlanHash": planned["PlanHash"]})
    assert ready["Status"] == "ready"
    work = studio.table.get_progress(asset.id, planned["PlanHash"])
    assert work.transitions > planned["ChunkCount"]


def test_the_early_events_make_an_asset_playable(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The payloads of the early steps lead from an ingested source to one whose whole bitstream plays."""
    monkeypatch.setattr(early, "CHUNK_BYTES", 2000)
    data, _ = file_of(video(600), audio(60))
    stored = an_asset(hls_key=None, attempt=1)
    etag = desk.objects.write("source", stored.source_key, data, content_type="video/mp4")
    desk.table.create_asset(an_asset(hls_key=None, attempt=1, source_etag=etag, source_size_bytes=len(data)))
    client = _client(desk, monkeypatch)
    state = _invoke(client, "early", {"Action": "startEarly", "AssetId": ASSET_ID, "Attempt": 1})
    playable = desk.table.get_asset(ASSET_ID).hls_key
    assert playable is not None
    waves = []
    while state["Count"]:
        waves.append(len(state["Items"]))
        inner = {"AssetId": ASSET_ID, "PlanHash": state["PlanHash"]}
        for index in state["Items"]:
            _invoke(client, "early", {"Action": "copyChunk", **inner, "ChunkIndex": index})
        state = _invoke(client, "early", {"Action": "extendEarly", **inner})
    assert waves[0] == 4
    playlist = desk.objects.stored["media", playable.replace("index", "source/index")].data
    assert playlist.endswith(b"#EXT-X-ENDLIST\n")
    assert playlist.count(b"#EXTINF") == 10
    assert desk.table.get_progress(ASSET_ID, None).transitions > sum(waves)


def test_a_clip_does_not_play_early(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy would begin at a keyframe, not where the clip does."""
    data, _ = file_of(video(600), audio(60))
    asset = an_asset(hls_key=None, attempt=1, clip=TimeRange(Fraction(1)))
    etag = desk.objects.write("source", asset.source_key, data, content_type="video/mp4")
    desk.table.create_asset(replace(asset, source_etag=etag, source_size_bytes=len(data)))
    client = _client(desk, monkeypatch)
    state = _invoke(client, "early", {"Action": "startEarly", "AssetId": ASSET_ID, "Attempt": 1})
    assert (state["Count"], desk.table.get_asset(ASSET_ID).hls_key) == (0, None)


@pytest.mark.parametrize("start", [{"AssetId": ASSET_ID, "Etag": "e", "Attempt": 2}, {"AssetId": ASSET_ID}])
def test_a_catch_is_recorded(client: Client, desk: Desk, start: dict[str, object]) -> None:
    """What a Catch hands over, with or without a cause, and the input of whoever started the execution."""
    desk.table.create_asset(an_asset(errors=()))
    event = {"Action": "recordFailure", "Input": start, "Error": {"Error": "EncoderFailed"}}
    answer = _invoke(client, "publish", event)
    assert answer["Error"] == "EncoderFailed"
    assert desk.table.get_asset(ASSET_ID).status is AssetStatus.ERRORED


def test_a_rendition_failure_is_recorded_on_the_rendition(client: Client, desk: Desk) -> None:
    """The input of its execution names it; the asset stays ready."""
    made = a_rendition()
    desk.table.create_asset(an_asset(status=AssetStatus.READY))
    desk.table.create_rendition(made)
    start = {"AssetId": ASSET_ID, "RenditionId": made.id, "CreatedAtMs": made.created_at_ms, "Attempt": 1}
    error = {"Error": "EncoderFailed", "Cause": "{}"}
    event = {"Action": "recordFailure", "AssetId": ASSET_ID, "Input": start, "Error": error}
    assert _invoke(client, "publish", event)["Error"] == "EncoderFailed"
    assert desk.table.get_rendition(ASSET_ID, made.id).status is RenditionStatus.ERRORED
    assert desk.table.get_asset(ASSET_ID).status is AssetStatus.READY


def test_a_rendition_that_is_gone_is_not_made(client: Client, desk: Desk) -> None:
    """The work is superseded, and billed all the same."""
    made = a_rendition()
    desk.table.create_asset(an_asset(status=AssetStatus.READY))
    event = {"AssetId": ASSET_ID, "RenditionId": made.id, "CreatedAtMs": made.created_at_ms}
    with pytest.raises(WorkSuperseded):
        client.lambda_.invoke("render", {"Action": "rendition", **event})
    assert desk.table.get_progress(ASSET_ID, None).transitions == 1


@pytest.mark.parametrize("event", [{}, {"Action": "dance"}, {"Action": "renderChunk", "AssetId": "as_1"}])
def test_an_event_that_is_not_ours_is_refused(event: dict[str, object]) -> None:
    """Neither function guesses."""
    with pytest.raises(ActionUnknown):
        parse_render_event(event)
    with pytest.raises(ActionUnknown, match="recordFailure"):
        parse_event(event, PublishEvent)
    with pytest.raises(ActionUnknown, match="startEarly, copyChunk, extendEarly, endEarly"):
        parse_event(event, EarlyEvent)


def test_only_failed_messages_come_back(client: Client, desk: Desk) -> None:
    """A malformed message and one whose asset cannot be read are reported; the others are done."""
    asset = an_asset(execution_arn=None)
    desk.table.create_asset(asset)
    good = json.dumps({"asset_id": asset.id, "etag": asset.source_etag})
    made = a_rendition()
    desk.table.create_rendition(made)
    wanted = json.dumps({"asset_id": ASSET_ID, "rendition_id": made.id, "created_at_ms": made.created_at_ms})
    event = client.events.generate_sqs_event([good, "not json", json.dumps({"asset": 1}), wanted])
    for number, record in enumerate(event["Records"]):
        record["messageId"] = f"m{number}"
    answer = _invoke(client, "encode", event)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}, {"itemIdentifier": "m2"}]}
    assert len(desk.workflows.inputs) == 2
    assert desk.table.get_rendition(ASSET_ID, made.id).execution_arn is not None


def _created(client: Client, key: str) -> Any:
    detail = {"bucket": {"name": "source"}, "object": {"key": key, "size": 3, "etag": "e"}}
    return client.events.generate_cw_event(
        source="aws.s3", detail_type="Object Created", detail=detail, resources=[], region="us-east-1"
    )


def test_a_created_object_is_ingested(client: Client, desk: Desk) -> None:
    """The event's key is taken as it is, blanks and all."""
    desk.objects.write("source", "uploads/my holiday+1.mp4", b"moving", content_type="video/mp4")
    _invoke(client, "ingest", _created(client, "uploads/my holiday+1.mp4"))
    (sent,) = desk.queues.sent
    assert desk.table.get_asset(sent.asset_id).filename == "my holiday+1.mp4"


@pytest.mark.parametrize("key", ["uploads/", "uploads/folder/", upload_key(ASSET_ID)])
def test_an_event_without_an_object_is_done(client: Client, desk: Desk, key: str) -> None:
    """A folder marker, or an object that is gone again, is no failure."""
    before = set(desk.table.items)
    _invoke(client, "ingest", _created(client, key))
    assert set(desk.table.items) == before


def test_the_schedule_runs(client: Client, desk: Desk) -> None:
    """Once a minute: here it finds an asset without an execution."""
    desk.table.create_asset(an_asset(execution_arn=None))
    desk.clock.sleep(120)
    _invoke(client, "cleanup", client.events.generate_cw_event("aws.events", "Scheduled Event", {}, [], "us-east-1"))
    assert [message.asset_id for message in desk.queues.sent] == [ASSET_ID]


def test_an_event_of_a_job_reaches_its_asset(client: Client, desk: Desk) -> None:
    """Progress is shown; the end is told to whoever waits; another's job is let be."""
    desk.table.create_asset(an_asset())
    desk.table.await_job(ASSET_ID, 1, "token", now_ms=desk.clock())
    carried = {"guid": ASSET_ID, "workflow": "test", "attempt": "1", "plan": PLAN_HASH}
    details = (
        {"status": "STATUS_UPDATE", "jobProgress": {"jobPercentComplete": 60}, "userMetadata": carried},
        {"status": "CANCELED", "userMetadata": carried},
        {"status": "COMPLETE", "userMetadata": {"workflow": "test"}},
    )
    for detail in details:
        event = client.events.generate_cw_event(
            source="aws.mediaconvert",
            detail_type="MediaConvert Job State Change",
            detail={"jobId": "1-a", **detail},
            resources=[],
            region="us-east-1",
        )
        _invoke(client, "job_changed", event)
    assert desk.table.get_progress(ASSET_ID, PLAN_HASH).tasks_done == 60
    assert desk.workflows.ended == [
        ("token", ("MediaConvertCancelled", "the job was cancelled in MediaConvert")),
    ]


def test_the_events_of_the_mediaconvert_branch_are_ours(client: Client, desk: Desk) -> None:
    """The payloads of Transcode, ArchiveSource and PackageOutputs reach their use cases."""
    desk.table.create_asset(an_asset(attempt=1))
    desk.mediaconvert.templates[desk.settings.job_templates[1]] = {"Settings": {"OutputGroups": []}}
    inner = {"AssetId": ASSET_ID, "Attempt": 1}
    started = _invoke(client, "publish", {"Action": "transcode", **inner, "TaskToken": "token"})
    assert started["JobId"] == f"job-of-{ASSET_ID}-1"
    assert _invoke(client, "publish", {"Action": "archive", **inner})["Archive"] == "DISABLED"
    with pytest.raises(ObjectMissing, match="HLS group"):
        _invoke(client, "publish", {"Action": "package", **inner})
