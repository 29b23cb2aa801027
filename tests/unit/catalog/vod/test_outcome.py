"""MediaConvert's events: ours told from others, outputs by role."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.catalog.asset import Outputs, RenditionInfo
from chalicelib.catalog.vod.outcome import JobStatus, job_event, outputs_of

OURS = {"guid": "as_1", "workflow": "sluice", "attempt": "2", "plan": "ab"}


def _detail(**changes: Any) -> dict[str, Any]:
    return {"jobId": "1-a", "status": "COMPLETE", "userMetadata": OURS, **changes}


def test_outputs_are_told_by_role_and_not_by_position() -> None:
    """Groups in any order, playlists of single outputs among them, pictures beside films, unknown groups."""
    groups: list[dict[str, Any]] = [
        {
            "type": "FILE_GROUP",
            "outputDetails": [
                {
                    "outputFilePaths": ["s3://b/m/thumbnails/x.0000003.jpg"],
                    "videoDetails": {"widthInPx": 1, "heightInPx": 1},
                }
            ],
        },
        {"type": "WEIRD"},
        {"type": "CMAF_GROUP", "playlistFilePaths": ["s3://b/m/cmaf/x.mpd", "s3://b/m/cmaf/x.m3u8"]},
        {"type": "DASH_ISO_GROUP", "playlistFilePaths": ["s3://b/m/dash/x.mpd"]},
        {"type": "MS_SMOOTH_GROUP", "playlistFilePaths": ["s3://b/m/mss/x.ism"]},
        {
            "type": "HLS_GROUP",
            "playlistFilePaths": ["s3://b/m/hls/x_720p.m3u8", "s3://b/m/hls/x.m3u8"],
            "outputDetails": [
                {
                    "outputFilePaths": ["s3://b/m/hls/x_720p.m3u8"],
                    "durationInMs": 12_100,
                    "videoDetails": {"widthInPx": 720, "heightInPx": 1280, "averageBitrate": 900},
                },
                {"durationInMs": 12_100, "videoDetails": {"widthInPx": 1080, "heightInPx": 1920}},
            ],
        },
        {"type": "FILE_GROUP", "outputDetails": [{"outputFilePaths": ["s3://b/m/mp4/x.mp4"]}]},
    ]
    assert outputs_of(groups) == Outputs(
        hls="m/hls/x.m3u8",
        dash="m/dash/x.mpd",
        cmaf_hls="m/cmaf/x.m3u8",
        cmaf_dash="m/cmaf/x.mpd",
        mss="m/mss/x.ism",
        mp4=("m/mp4/x.mp4",),
        thumbnails=("m/thumbnails/x.0000003.jpg",),
    )
    event = job_event(_detail(outputGroupDetails=groups))
    assert event is not None
    assert (event.asset_id, event.attempt, event.plan_hash, event.status) == ("as_1", 2, "ab", JobStatus.COMPLETE)
    assert event.renditions == (RenditionInfo("1080p", 1080, 1920, 0), RenditionInfo("720p", 720, 1280, 900))
    assert event.billed_seconds == ((720, 13), (1080, 13))


@pytest.mark.parametrize(
    "detail",
    [
        {},
        _detail(userMetadata={"guid": "as_1", "workflow": "sluice"}),
        _detail(userMetadata={**OURS, "attempt": "second"}),
        _detail(status="INPUT_INFORMATION"),
    ],
)
def test_events_of_other_jobs_mean_nothing(detail: dict[str, Any]) -> None:
    """Those that no asset asked for, and those that say nothing about the end or the progress."""
    assert job_event(detail) is None


@pytest.mark.parametrize(("said", "percent"), [(40, 40), (-1, 0), (400, 100), ("x", None), (None, None)])
def test_progress_is_a_percentage(said: Any, percent: int | None) -> None:
    """Whatever the event says, between 0 and 100 or nothing."""
    event = job_event(_detail(status="STATUS_UPDATE", jobProgress={"jobPercentComplete": said}))
    assert event is not None
    assert event.percent == percent
