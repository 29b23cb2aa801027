"""MediaConvert jobs: fitted to the source, and valid by the service's own model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.catalog.vod.job import JobOrder, job_request
from chalicelib.catalog.vod.profile import choose_profile, fit_box, template_names, template_of
from tests.mediaconvert import complaints


def _video(height: int) -> dict[str, Any]:
    return {"Width": height * 16 // 9, "Height": height, "CodecSettings": {"Codec": "H_264"}}


def _template() -> dict[str, Any]:
    sound = [{"AudioSourceName": "Audio Selector 1", "CodecSettings": {"Codec": "AAC"}}]
    muxed = [{"VideoDescription": _video(height), "AudioDescriptions": sound} for height in (1080, 720, 360)]
    apart = [{"VideoDescription": _video(height)} for height in (1080, 720, 360)] + [{"AudioDescriptions": sound}]
    return {
        "Name": "mine",
        "Queue": "arn:aws:mediaconvert:us-east-1:000000000000:queues/Default",
        "Settings": {
            "OutputGroups": [
                {"OutputGroupSettings": {"Type": "HLS_GROUP_SETTINGS"}, "Outputs": muxed},
                {
                    "OutputGroupSettings": {"Type": "CMAF_GROUP_SETTINGS", "CmafGroupSettings": {"SegmentLength": 6}},
                    "Outputs": apart,
                },
            ]
        },
    }


def _order(**changes: Any) -> JobOrder:
    order = JobOrder(
        template=_template(),
        custom=False,
        source_uri="s3://source/films/one.mov",
        destination="s3://media/media/as_1/ab/",
        role_arn="arn:aws:iam::000000000000:role/convert",
        rotate="AUTO",
        acceleration="DISABLED",
        size=(1920, 1080),
        has_audio=True,
        capture=None,
        metadata={"guid": "as_1", "workflow": "sluice"},
        tags={"sluice:asset": "as_1"},
    )
    return replace(order, **changes)


def _sizes(request: dict[str, Any], group: int = 0) -> list[tuple[int, int]]:
    outputs = request["Settings"]["OutputGroups"][group]["Outputs"]
    videos = [output["VideoDescription"] for output in outputs if "VideoDescription" in output]
    return [(video["Width"], video["Height"]) for video in videos]


@pytest.mark.parametrize(
    ("size", "sizes"),
    [
        ((1920, 1080), [(1920, 1080), (1280, 720), (640, 360)]),
        ((1080, 1920), [(1080, 1920), (720, 1280), (360, 640)]),
        ((1920, 804), [(1920, 804), (1280, 536), (640, 268)]),
        ((1280, 720), [(1280, 720), (640, 360)]),
        ((1278, 719), [(640, 360)]),
        ((320, 180), [(320, 180)]),
    ],
)
def test_pictures_keep_their_shape_and_are_never_enlarged(size: tuple[int, int], sizes: list[tuple[int, int]]) -> None:
    """Standing, wide and small sources: each output fits its frame, and those above the source are left out."""
    request = job_request(_order(size=size))
    assert _sizes(request) == _sizes(request, 1) == sizes


def test_an_output_without_a_size_takes_the_sources() -> None:
    """A deployment's own template may leave the size open; such an output is always kept, and left as it is."""
    template = _template()
    for output in template["Settings"]["OutputGroups"][0]["Outputs"][:1]:
        del output["VideoDescription"]["Width"], output["VideoDescription"]["Height"]
    request = job_request(_order(template=template, size=(640, 360)))
    videos = [output["VideoDescription"] for output in request["Settings"]["OutputGroups"][0]["Outputs"]]
    assert [video.get("Height") for video in videos] == [None, 360]


def test_each_group_has_a_folder_of_its_own() -> None:
    """The template's own settings stay, what it does not say is set."""
    hls, cmaf = job_request(_order())["Settings"]["OutputGroups"]
    settings = hls["OutputGroupSettings"]["HlsGroupSettings"]
    assert settings == {"SegmentLength": 5, "MinSegmentLength": 0, "Destination": "s3://media/media/as_1/ab/hls/"}
    settings = cmaf["OutputGroupSettings"]["CmafGroupSettings"]
    assert (settings["SegmentLength"], settings["Destination"]) == (6, "s3://media/media/as_1/ab/cmaf/")


def test_the_customers_template_is_not_touched() -> None:
    """Its outputs are all there, as they are, under its name; ours has no name, or MediaConvert would refill it."""
    mine = job_request(_order(custom=True, size=(320, 180)))
    assert (mine["JobTemplate"], _sizes(mine)) == ("mine", [(1920, 1080), (1280, 720), (640, 360)])
    ours = job_request(_order())
    assert "JobTemplate" not in ours
    assert ours["Queue"] == _template()["Queue"]


def test_nothing_is_asked_of_a_source_that_it_does_not_have() -> None:
    """A silent film gets no sound, sound alone no picture; a group that would be empty is left out."""
    silent = job_request(_order(has_audio=False))["Settings"]["OutputGroups"]
    assert all("AudioDescriptions" not in output for group in silent for output in group["Outputs"])
    assert [len(group["Outputs"]) for group in silent] == [3, 3]
    (sound,) = job_request(_order(size=None))["Settings"]["OutputGroups"]
    assert [list(output) for output in sound["Outputs"]] == [["AudioDescriptions"]]


@pytest.mark.parametrize(("mode", "on"), [("DISABLED", False), ("PREFERRED", True), ("ENABLED", True)])
def test_acceleration_brings_its_timecodes(mode: str, on: bool) -> None:
    """Accelerated jobs count from nought; others keep the file's own timecodes."""
    request = job_request(_order(acceleration=mode))
    assert request.get("AccelerationSettings") == ({"Mode": mode} if on else None)
    assert request["Settings"].get("TimecodeConfig") == ({"Source": "ZEROBASED"} if on else None)


@pytest.mark.parametrize("rotate", ["AUTO", "DEGREE_0", "DEGREES_90", "DEGREES_180", "DEGREES_270"])
@pytest.mark.parametrize("custom", [True, False])
def test_a_job_is_valid_by_the_services_model(rotate: str, custom: bool) -> None:
    """Every request that can be made has the members, types and limits of CreateJob."""
    order = _order(rotate=rotate, custom=custom, capture=(1280, 720), acceleration="PREFERRED")
    request = job_request(order)
    assert complaints("CreateJob", {**request, "ClientRequestToken": "t"}) == ""
    capture = request["Settings"]["OutputGroups"][-1]["Outputs"][0]["VideoDescription"]["CodecSettings"]
    wanted = {"FramerateNumerator": 1, "FramerateDenominator": 5, "Quality": 80, "MaxCaptures": 10_000_000}
    assert capture["FrameCaptureSettings"] == wanted


def test_the_check_of_the_model_finds_a_wrong_member() -> None:
    """A misspelt member, or a number out of its range, is a complaint."""
    request = job_request(_order())
    request["Settings"]["OutputGroups"][0]["Outputs"][0]["VideoDescription"]["Height"] = "tall"
    assert "Height" in complaints("CreateJob", request)
    assert "Colour" in complaints("CreateJob", {**job_request(_order()), "Colour": "red"})


@given(st.integers(16, 8000), st.integers(16, 8000))
def test_a_profile_is_never_above_its_source(width: int, height: int) -> None:
    """Whatever the shape: the profile's frame is within the source's, but for the smallest; a picture never grows."""
    profile = choose_profile(width, height)
    across, down = fit_box(width, height, profile)
    assert across <= width
    assert down <= height
    assert profile == 720 or max(height if height < width else width, -(-max(width, height) * 9 // 16)) >= profile


def test_templates_are_looked_for_in_order() -> None:
    """As named, then fixed, then those of the other family; a name of neither family has no other."""
    assert template_names("S_mvod_np") == ("S_mvod_np", "S_mvod_np_fixed", "S_qvbr_np", "S_qvbr_np_fixed")
    assert template_names("S_qvbr_np_fixed") == ("S_qvbr_np_fixed", "S_mvod_np_fixed")
    assert template_names("mine") == ("mine", "mine_fixed")
    assert [template_of(profile, ("a", "b", "c")) for profile in (2160, 1080, 720)] == ["a", "b", "c"]
