"""Encoding by MediaConvert: one job for each attempt, and a wait that ends whatever comes first."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from chalicelib.catalog.asset import Asset, AssetStatus, Outputs, SourceInfo, VideoInfo
from chalicelib.catalog.keys import media_prefix
from chalicelib.catalog.options import Acceleration, Archive, AssetOptions, Encoder
from chalicelib.catalog.vod.outcome import JobEvent, JobStatus
from chalicelib.catalog.wishes import RenditionRequest
from chalicelib.errors import (
    JobTemplateMissing,
    ObjectMissing,
    RenditionUnsuitable,
    WorkSuperseded,
)
from chalicelib.media.timing import TimeRange
from chalicelib.usecases.assets import delete_asset
from chalicelib.usecases.package_asset import package_asset
from chalicelib.usecases.publish import finish, probe, validate
from chalicelib.usecases.record_failure import FailedWork, record_failure
from chalicelib.usecases.renditions import request_rendition
from chalicelib.usecases.transcode import encoder_of, note_job_event, start_job, turned_size
from tests.unit.catalog.samples import ASSET_ID, an_asset
from tests.unit.usecases.desk import Desk

ROLE = "arn:aws:iam::000000000000:role/convert"
GROUP = {
    "OutputGroupSettings": {"Type": "HLS_GROUP_SETTINGS"},
    "Outputs": [
        {"VideoDescription": {"Width": 1920, "Height": 1080, "CodecSettings": {"Codec": "H_264"}}},
        {"VideoDescription": {"Width": 1280, "Height": 720, "CodecSettings": {"Codec": "H_264"}}},
    ],
}


def _desk(**changes: Any) -> Desk:
    desk = Desk(mediaconvert_role_arn=ROLE, encoder="mediaconvert", **changes)
    for name in desk.settings.job_templates:
        desk.mediaconvert.templates[name] = {"Settings": {"OutputGroups": [GROUP]}}
    return desk


def _create(desk: Desk, **changes: Any) -> Asset:
    data = b"moving pictures"
    etag = desk.objects.write("source", an_asset().source_key, data, content_type="video/mp4")
    fresh = {"attempt": 1, "errors": (), "plan_hash": None, "hls_key": None, "source_etag": etag, "tracks": ()}
    asset = an_asset(**{**fresh, "encoder": Encoder.MEDIACONVERT, "aspect_ratio": "9:16", **changes})
    desk.table.create_asset(asset)
    return asset


def _start(desk: Desk, token: str = "token", attempt: int = 1) -> Any:  # noqa: S107  not a password
    services = (desk.table, desk.mediaconvert, desk.workflows)
    return start_job(ASSET_ID, attempt, token, *services, desk.settings, now_ms=desk.clock())


def _event(desk: Desk, status: JobStatus = JobStatus.COMPLETE, **changes: Any) -> JobEvent:
    plan_hash = desk.table.get_asset(ASSET_ID).plan_hash or ""
    hls = f"{media_prefix(ASSET_ID, plan_hash)}hls/x.m3u8"
    known = {"outputs": Outputs(hls=hls), "billed_seconds": ((1080, 60), (720, 60))}
    return JobEvent("job", ASSET_ID, 1, plan_hash, status, **{**known, **changes})


def _note(desk: Desk, event: JobEvent) -> None:
    note_job_event(event, desk.objects, desk.table, desk.workflows, desk.settings, now_ms=desk.clock())


def test_a_job_is_made_for_the_asset() -> None:
    """The template of its shown size, its own folder, its ids; asked twice it is one job, with the last token."""
    desk = _desk()
    _create(desk)
    assert _start(desk) == _start(desk, "second") == {"AssetId": ASSET_ID, "JobId": f"job-of-{ASSET_ID}-1"}
    (request,) = desk.mediaconvert.jobs.values()
    asset = desk.table.get_asset(ASSET_ID)
    assert asset.plan_hash is not None
    assert asset.job is not None
    assert (asset.job.template, asset.job.profile) == (desk.settings.job_templates[1], 1080)
    (group,) = request["Settings"]["OutputGroups"]
    sizes = [(out["VideoDescription"]["Width"], out["VideoDescription"]["Height"]) for out in group["Outputs"]]
    assert sizes == [(1080, 1920), (720, 1280)]
    destination = group["OutputGroupSettings"]["HlsGroupSettings"]["Destination"]
    assert destination == f"s3://media/{media_prefix(ASSET_ID, asset.plan_hash)}hls/"
    carried = {"guid": ASSET_ID, "workflow": "test", "attempt": "1", "plan": asset.plan_hash}
    assert request["UserMetadata"] == carried
    _note(desk, _event(desk))
    assert desk.workflows.ended == [("second", {"PlanHash": asset.plan_hash})]


def test_the_choices_of_an_asset_reach_its_job() -> None:
    """Its template, turn, acceleration and pictures, over the deployment's."""
    desk = _desk()
    desk.mediaconvert.templates["mine"] = {"Settings": {"OutputGroups": [GROUP]}}
    options = AssetOptions(
        job_template="mine", accelerated_transcoding=Acceleration.PREFERRED, frame_capture=True, encoder=Encoder.AUTO
    )
    _create(desk, options=options)
    _start(desk)
    (request,) = desk.mediaconvert.jobs.values()
    assert (request["JobTemplate"], request["AccelerationSettings"]) == ("mine", {"Mode": "PREFERRED"})
    assert len(request["Settings"]["OutputGroups"]) == 2


def test_an_attempt_that_is_begun_again_ends_the_job_of_the_one_before() -> None:
    """The next attempt's own job is not touched and writes to the same place; late news of the first is let be."""
    desk = _desk()
    _create(desk)
    _start(desk)
    first = desk.table.get_asset(ASSET_ID)
    desk.table.items[f"asset#{ASSET_ID}", "asset"]["attempt"] = {"N": "2"}
    for _ in range(2):
        _start(desk, "second", attempt=2)
    second = desk.table.get_asset(ASSET_ID)
    assert second.plan_hash == first.plan_hash
    assert second.job is not None
    assert second.job.id == f"job-of-{ASSET_ID}-2"
    assert desk.mediaconvert.cancelled[0] == f"job-of-{ASSET_ID}-1"
    assert f"job-of-{ASSET_ID}-2" not in desk.mediaconvert.cancelled
    _note(desk, _event(desk, JobStatus.CANCELED, outputs=Outputs()))
    assert [token for token, _ in desk.workflows.ended] == ["token"]


def test_a_template_that_is_missing_is_named() -> None:
    """After all stand-ins were looked for; no job is made."""
    desk = _desk()
    _create(desk, options=AssetOptions(job_template="nobodys"))
    with pytest.raises(JobTemplateMissing, match="nobodys"):
        _start(desk)
    assert desk.mediaconvert.jobs == {}


def test_a_superseded_attempt_starts_nothing() -> None:
    """The asset is at another attempt by now."""
    desk = _desk()
    _create(desk)
    with pytest.raises(WorkSuperseded):
        _start(desk, attempt=2)
    assert desk.mediaconvert.jobs == {}


def test_an_event_before_the_token_is_not_lost() -> None:
    """The function died after CreateJob, the job ended, and the task is tried again: the new token is told at once."""
    desk = _desk()
    _create(desk)
    _start(desk)
    event = _event(desk)
    desk.table.items.pop((f"asset#{ASSET_ID}", "job#1"))
    _note(desk, event)
    assert desk.workflows.ended == []
    _start(desk, "second")
    assert desk.workflows.ended == [("second", {"PlanHash": event.plan_hash})]


def test_an_event_that_comes_twice_is_billed_once() -> None:
    """And whoever waits is told again, which does no harm; progress that comes late changes nothing."""
    desk = _desk()
    asset = _create(desk)
    _start(desk)
    for percent in (40, 30):
        _note(desk, _event(desk, JobStatus.STATUS_UPDATE, percent=percent))
    for _ in range(2):
        _note(desk, _event(desk))
    work = desk.table.get_progress(asset.id, desk.table.get_asset(ASSET_ID).plan_hash)
    assert (work.tasks_done, work.mediaconvert_microusd) == (40, 30_000)
    assert len(desk.workflows.ended) == 2


@pytest.mark.parametrize(
    ("status", "name", "said"),
    [
        (JobStatus.ERROR, "MediaConvertFailed", "MediaConvert error 1040: can not be decoded"),
        (JobStatus.CANCELED, "MediaConvertCancelled", "the job was cancelled in MediaConvert"),
    ],
)
def test_a_job_that_does_not_complete_fails_the_asset(status: JobStatus, name: str, said: str) -> None:
    """The task fails under a name of our table, and what RecordFailure gets of it is MediaConvert's own message."""
    desk = _desk()
    _create(desk)
    _start(desk)
    _note(desk, _event(desk, status, message="can not be decoded", code=1040, outputs=Outputs()))
    assert desk.workflows.ended == [("token", (name, said))]
    cause = f'{{"errorType": "{name}", "errorMessage": "{said}"}}'
    record_failure(FailedWork(asset_id=ASSET_ID, attempt=1), name, cause, desk.table, now_ms=desk.clock())
    asset = desk.table.get_asset(ASSET_ID)
    assert (asset.status, asset.errors[0].message) == (AssetStatus.ERRORED, said)


def _publish(desk: Desk, *names: str, **outputs: Any) -> None:
    """The job of the asset, done; `names` are what it wrote, relative to its destination."""
    _start(desk)
    prefix = media_prefix(ASSET_ID, desk.table.get_asset(ASSET_ID).plan_hash or "")
    for name in names:
        desk.objects.write("media", prefix + name, b"x", content_type="")
    _note(desk, _event(desk, outputs=Outputs(**{role: prefix + name for role, name in outputs.items()})))


def _validate(desk: Desk) -> Asset:
    plan_hash = desk.table.get_asset(ASSET_ID).plan_hash or ""
    validate(ASSET_ID, plan_hash, desk.objects, desk.table, desk.settings, now_ms=desk.clock())
    return desk.table.get_asset(ASSET_ID)


def test_outputs_are_checked_and_kept_by_role() -> None:
    """The HLS group plays, CMAF stands beside it, every picture is listed, and the asset becomes ready."""
    desk = _desk()
    _create(desk)
    pictures = [f"thumbnails/x.{number:07d}.jpg" for number in range(25)]
    _publish(desk, "hls/x.m3u8", "cmaf/x.mpd", *pictures, hls="hls/x.m3u8", cmaf_dash="cmaf/x.mpd")
    asset = _validate(desk)
    prefix = media_prefix(ASSET_ID, asset.plan_hash or "")
    assert (asset.hls_key, asset.dash_key) == (f"{prefix}hls/x.m3u8", f"{prefix}cmaf/x.mpd")
    assert asset.outputs is not None
    assert len(asset.outputs.thumbnails) == 25
    assert asset.poster_key == f"{prefix}{pictures[2]}"
    assert (
        finish(
            ASSET_ID,
            1,
            asset.plan_hash or "",
            desk.objects,
            desk.table,
            desk.queues,
            desk.settings,
            now_ms=desk.clock(),
        )["Status"]
        == "ready"
    )


def test_what_the_job_has_not_written_fails_the_asset() -> None:
    """A manifest that is not there, pictures that are not there, or nothing that plays at all."""
    for outputs in ({"hls": "hls/x.m3u8"}, {}):
        desk = _desk()
        _create(desk)
        _publish(desk, **outputs)
        with pytest.raises(ObjectMissing):
            _validate(desk)
    desk = _desk()
    _create(desk)
    _start(desk)
    _note(desk, _event(desk, outputs=Outputs(hls="x", thumbnails=("media/a.jpg",))))
    with pytest.raises(ObjectMissing, match="pictures"):
        _validate(desk)


def test_mediapackage_gets_the_hls_group() -> None:
    """Its endpoints are on the asset, and go with it."""
    role = "arn:aws:iam::000000000000:role/package"
    desk = _desk(mediapackage_group="group", mediapackage_role_arn=role)
    _create(desk)
    _publish(desk, "hls/x.m3u8", hls="hls/x.m3u8")
    ready = _validate(desk)
    for _ in range(2):
        package_asset(ASSET_ID, 1, desk.mediapackage, desk.table, desk.settings, now_ms=desk.clock())
    asset = desk.table.get_asset(ASSET_ID)
    assert asset.packaged is not None
    assert asset.packaged.endpoints.keys() == {"HLS", "DASH"}
    (request,) = desk.mediapackage.assets.values()
    assert request["SourceArn"] == f"arn:aws:s3:::media/{ready.hls_key}"
    services = (desk.objects, desk.table, desk.workflows, desk.mediaconvert, desk.mediapackage)
    delete_asset(ASSET_ID, *services, desk.settings, now_ms=desk.clock())
    assert desk.mediapackage.assets == {}
    assert desk.mediaconvert.cancelled == []


def test_mediapackage_needs_an_hls_group() -> None:
    """A template without one is our customer's to mend, and says so."""
    desk = _desk(mediapackage_group="group")
    _create(desk)
    _publish(desk, "cmaf/x.mpd", cmaf_dash="cmaf/x.mpd")
    _validate(desk)
    with pytest.raises(ObjectMissing, match="HLS group"):
        package_asset(ASSET_ID, 1, desk.mediapackage, desk.table, desk.settings, now_ms=desk.clock())


def test_a_deleted_assets_job_is_cancelled() -> None:
    """It would cost, and write what nobody wants."""
    desk = _desk()
    _create(desk)
    _start(desk)
    services = (desk.objects, desk.table, desk.workflows, desk.mediaconvert, desk.mediapackage)
    delete_asset(ASSET_ID, *services, desk.settings, now_ms=desk.clock())
    assert desk.mediaconvert.cancelled == [f"job-of-{ASSET_ID}-1"]


def test_probe_says_which_ways_to_take() -> None:
    """Encoder, archive and packaging are the asset's own choices, or else the deployment's."""
    desk = _desk(mediapackage_group="group")
    asset = _create(desk, options=AssetOptions(archive_source=Archive.GLACIER), encoder=None)
    etag = asset.source_etag or ""
    chosen = probe(ASSET_ID, 1, etag, desk.objects, desk.table, desk.settings, now_ms=desk.clock())
    assert chosen == {"AssetId": ASSET_ID, "Encoder": "mediaconvert", "Archive": "GLACIER", "Package": True}
    assert desk.table.get_asset(ASSET_ID).encoder is Encoder.MEDIACONVERT


@pytest.mark.parametrize(("asked", "encoder"), [(Encoder.LAMBDA, Encoder.LAMBDA), (None, Encoder.MEDIACONVERT)])
def test_packaging_is_for_what_mediaconvert_wrote(asked: Encoder | None, encoder: Encoder) -> None:
    """MediaPackage reads HLS over MPEG-TS, which our own workers do not write."""
    desk = _desk(mediapackage_group="group")
    asset = _create(desk, options=AssetOptions(encoder=asked))
    etag = asset.source_etag or ""
    chosen = probe(ASSET_ID, 1, etag, desk.objects, desk.table, desk.settings, now_ms=desk.clock())
    assert (chosen["Encoder"], chosen["Package"]) == (encoder, encoder is Encoder.MEDIACONVERT)


def test_the_facts_of_a_source_decide_for_auto() -> None:
    """A film that does not fit a worker's disk goes to MediaConvert; sound alone does not."""
    auto = Desk(mediaconvert_role_arn=ROLE, encoder="auto", upload_max_bytes=100).settings
    assert encoder_of(an_asset(source_size_bytes=101), auto).encoder is Encoder.MEDIACONVERT
    assert encoder_of(an_asset(source_size_bytes=101, source_info=None), auto).encoder is Encoder.LAMBDA


@pytest.mark.parametrize(
    ("rotation", "rotate", "size"),
    [
        (0, "AUTO", (1920, 1080)),
        (90, "AUTO", (1080, 1920)),
        (90, "DEGREE_0", (1920, 1080)),
        (90, "DEGREES_90", (1080, 1920)),
        (0, "DEGREES_270", (1080, 1920)),
        (0, "DEGREES_180", (1920, 1080)),
    ],
)
def test_a_turn_that_is_asked_for_replaces_the_files_own(rotation: int, rotate: str, size: tuple[int, int]) -> None:
    """Degrees are of the picture as it is stored; only AUTO reads what the file says."""
    info = SourceInfo("mp4", VideoInfo("AVC", 1920, 1080, rotation, None), ())
    shape = "9:16" if rotation % 180 else "16:9"
    assert turned_size(an_asset(source_info=info, aspect_ratio=shape), rotate) == size


def test_what_a_job_wrote_of_a_deleted_asset_goes() -> None:
    """The job ended in the moment in which the asset was deleted: nothing of it stays."""
    desk = _desk()
    _create(desk)
    _publish(desk, "hls/x.m3u8", hls="hls/x.m3u8")
    late = _event(desk)
    desk.table.items[f"asset#{ASSET_ID}", "asset"]["status"] = {"S": "deleted"}
    _note(desk, late)
    assert list(desk.objects.list_keys("media", "media/")) == []


def test_a_job_costs_no_transitions_of_chunks() -> None:
    """Its hundredths are no tasks of a Map."""
    desk = _desk()
    _create(desk)
    _publish(desk, "hls/x.m3u8", hls="hls/x.m3u8")
    asset = _validate(desk)
    finish(
        ASSET_ID, 1, asset.plan_hash or "", desk.objects, desk.table, desk.queues, desk.settings, now_ms=desk.clock()
    )
    assert desk.table.get_progress(ASSET_ID, asset.plan_hash).transitions < 10


def test_a_part_of_a_source_is_for_our_own_workers() -> None:
    """They cut at frames; and files are made only of what they published."""
    desk = _desk()
    clipped = an_asset(clip=TimeRange(Fraction(1), Fraction(2)))
    assert encoder_of(clipped, desk.settings).encoder is Encoder.LAMBDA
    ready = an_asset(status=AssetStatus.READY, encoder=Encoder.MEDIACONVERT)
    desk.table.create_asset(ready)
    with pytest.raises(RenditionUnsuitable, match="MediaConvert"):
        request_rendition(ready, RenditionRequest(kind="mp4"), desk.table, desk.queues, now_ms=desk.clock())
