"""The adapters of services that the local AWS does not have, against botocore's own models of them.

MediaConvert's answers come from a stand-in over HTTP, MediaPackage's from botocore's Stubber, which refuses a call that
the service's model does not know and checks each parameter of those that it does. None of this ran in a paid account.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import botocore.session
import pytest
from botocore.stub import Stubber
from botocore.validate import ParamValidator

from chalicelib.aws.clients import Clients
from chalicelib.aws.mediaconvert import MediaConvert
from chalicelib.aws.mediapackage import MediaPackage
from chalicelib.catalog.vod.job import JobOrder, job_request
from chalicelib.catalog.vod.outcome import JobStatus
from chalicelib.catalog.vod.packaging import endpoints_of, package_request
from chalicelib.catalog.vod.profile import PROFILES, template_names
from chalicelib.errors import AwsRefused, JobTemplateMissing, MediaConvertUnavailable
from sluice.package import TEMPLATE_NAME, package
from sluice.paths import Project
from sluice.template import resources
from tests.mediaconvert import MediaConvertServer, complaints, mediaconvert_server

MAX_KBPS = {270: 400, 360: 1500, 540: 3500, 720: 6000, 1080: 8500, 2160: 15000}
KINDS = {"HLS_GROUP_SETTINGS", "DASH_ISO_GROUP_SETTINGS", "CMAF_GROUP_SETTINGS"}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What is deployed."""
    folder = package(Project.here(), tmp_path_factory.mktemp("package") / "out", for_aws=False).folder
    document: dict[str, Any] = json.loads((Path(folder) / TEMPLATE_NAME).read_text())
    return document


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[MediaConvertServer]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mediaconvert_server() as server:
        yield server


@pytest.fixture
def mediaconvert(service: MediaConvertServer) -> MediaConvert:
    return MediaConvert(Clients(), service.url)


def _job_templates(template: dict[str, Any]) -> dict[int, dict[str, Any]]:
    made = {resource.logical_id: resource for resource in resources(template, "AWS::MediaConvert::JobTemplate")}
    return {profile: made[f"JobTemplate{profile}p"].properties for profile in PROFILES}


def _order(settings: dict[str, Any], size: tuple[int, int]) -> JobOrder:
    return JobOrder(
        template={"Name": "stack_Ott", "Settings": settings},
        custom=False,
        source_uri="s3://source/films/one.mov",
        destination="s3://media/media/as_1/ab/",
        role_arn="arn:aws:iam::000000000000:role/convert",
        rotate="AUTO",
        acceleration="PREFERRED",
        size=size,
        has_audio=True,
        capture=size,
        metadata={"guid": "as_1", "workflow": "sluice"},
        tags={"sluice:asset": "as_1"},
    )


def test_the_deployed_job_templates_are_valid(template: dict[str, Any]) -> None:
    """HLS, DASH and CMAF for each class; every rung up to it, with its ceiling; UHD is real."""
    for profile, properties in _job_templates(template).items():
        settings = properties["SettingsJson"]
        name = properties["Name"]["Fn::Sub"]
        assert name == f"${{AWS::StackName}}_Ott_{profile}p_Avc_Aac_16x9_qvbr_no_preset"
        call = {"Name": "stack_Ott", "Settings": settings, "StatusUpdateInterval": properties["StatusUpdateInterval"]}
        assert complaints("CreateJobTemplate", call) == ""
        assert {group["OutputGroupSettings"]["Type"] for group in settings["OutputGroups"]} == KINDS
        for group in settings["OutputGroups"]:
            videos = [output["VideoDescription"] for output in group["Outputs"] if "VideoDescription" in output]
            rates = {video["Height"]: video["CodecSettings"]["H264Settings"]["MaxBitrate"] // 1000 for video in videos}
            assert rates == {height: kbps for height, kbps in MAX_KBPS.items() if height <= profile}
            assert all(video["Width"] == video["Height"] * 16 // 9 for video in videos)
            assert any("AudioDescriptions" in output for output in group["Outputs"])


@pytest.mark.parametrize(("profile", "size"), [(2160, (3840, 2160)), (1080, (1080, 1920)), (720, (320, 240))])
def test_jobs_of_the_deployed_templates_are_taken(
    template: dict[str, Any],
    mediaconvert: MediaConvert,
    service: MediaConvertServer,
    profile: int,
    size: tuple[int, int],
) -> None:
    """Over the wire, in the service's format: what is made of a template and a source is a valid CreateJob."""
    request = job_request(_order(_job_templates(template)[profile]["SettingsJson"], size))
    job_id = mediaconvert.create_job(request, token="as_1-1")
    assert mediaconvert.create_job(request, token="as_1-1") == job_id
    assert service.refused == []
    assert service.requests["as_1-1"]["Settings"] == request["Settings"]


def test_a_template_is_looked_for_under_each_name(mediaconvert: MediaConvert, service: MediaConvertServer) -> None:
    """The first that there is; none is an error that names the one asked for."""
    service.templates["S_qvbr_np"] = {"Settings": {"OutputGroups": []}}
    found = mediaconvert.find_template(template_names("S_mvod_np"))
    assert found["Name"] == "S_qvbr_np"
    assert found["Settings"] == {"OutputGroups": []}
    with pytest.raises(JobTemplateMissing, match="mine"):
        mediaconvert.find_template(template_names("mine"))


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("ForbiddenException", 403, AwsRefused),
        ("TooManyRequestsException", 429, MediaConvertUnavailable),
        ("InternalServerErrorException", 500, MediaConvertUnavailable),
    ],
)
def test_only_absence_leads_to_the_next_name(
    mediaconvert: MediaConvert, code: str, status: int, kind: type[Exception]
) -> None:
    """Any other refusal is raised as what it is, at once."""
    with Stubber(mediaconvert._client) as stub:
        stub.add_client_error("get_job_template", code, http_status_code=status, expected_params={"Name": "a"})
        with pytest.raises(kind):
            mediaconvert.find_template(("a", "b"))
        stub.assert_no_pending_responses()


def test_a_job_is_cancelled_or_gone(mediaconvert: MediaConvert) -> None:
    """A job that has ended, or was never there, needs no cancelling."""
    mediaconvert.cancel_job("1-a")
    with Stubber(mediaconvert._client) as stub:
        stub.add_client_error("cancel_job", "ConflictException", http_status_code=409, expected_params={"Id": "1-a"})
        mediaconvert.cancel_job("1-a")
        stub.add_client_error("cancel_job", "ForbiddenException", http_status_code=403)
        with pytest.raises(AwsRefused):
            mediaconvert.cancel_job("1-a")


REQUEST = package_request(
    uri="s3://media/media/as_1/ab/hls/x.m3u8",
    identity="0" * 32,
    group="stack-packaging-group",
    role_arn="arn:aws:iam::000000000000:role/package",
    tags={"sluice:asset": "as_1"},
)
EGRESS = [
    {"PackagingConfigurationId": f"stack-packaging-config-{name}", "Url": f"https://x/{name}", "Status": "QUEUED"}
    for name in ("hls", "dash", "cmaf", "mss")
]


def _package(monkeypatch: pytest.MonkeyPatch) -> tuple[MediaPackage, Stubber]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    clients = Clients()
    return MediaPackage(clients), Stubber(clients.mediapackage)


def test_an_asset_of_mediapackage_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second call finds the first one's; a request that it cannot process for another reason stays an error."""
    packages, stub = _package(monkeypatch)
    with stub:
        stub.add_response("create_asset", {"Id": REQUEST["Id"], "EgressEndpoints": EGRESS}, REQUEST)
        assert endpoints_of(packages.create_asset(REQUEST), "").keys() == {"HLS", "DASH", "CMAF", "MSS"}
        stub.add_client_error("create_asset", "UnprocessableEntityException", http_status_code=422)
        stub.add_response("describe_asset", {"EgressEndpoints": EGRESS}, {"Id": REQUEST["Id"]})
        assert packages.create_asset(REQUEST) == EGRESS
        stub.add_client_error("create_asset", "UnprocessableEntityException", http_status_code=422)
        stub.add_client_error("describe_asset", "NotFoundException", http_status_code=404)
        with pytest.raises(AwsRefused, match="Unprocessable"):
            packages.create_asset(REQUEST)
        stub.assert_no_pending_responses()


def test_an_asset_of_mediapackage_is_deleted_or_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deleting twice is fine."""
    packages, stub = _package(monkeypatch)
    with stub:
        stub.add_response("delete_asset", {}, {"Id": "a"})
        packages.delete_asset("a")
        stub.add_client_error("delete_asset", "NotFoundException", http_status_code=404)
        packages.delete_asset("a")
        stub.assert_no_pending_responses()


def test_the_deployed_packaging_is_valid(template: dict[str, Any]) -> None:
    """HLS, DASH, CMAF and MSS configurations, each valid by the service's model, all of one group."""
    model = botocore.session.get_session().get_service_model("mediapackage-vod")
    shape = model.operation_model("CreatePackagingConfiguration").input_shape
    assert shape is not None
    kinds = set()
    for resource in resources(template, "AWS::MediaPackage::PackagingConfiguration"):
        call = {**resource.properties, "Id": "x", "PackagingGroupId": "y"}
        assert ParamValidator().validate(call, shape).generate_report() == ""
        assert resource.condition == "HasMediaPackage"
        assert resource.properties["PackagingGroupId"] == {"Ref": "PackagingGroup"}
        kinds |= {name for name in resource.properties if name.endswith("Package")}
    assert kinds == {"HlsPackage", "DashPackage", "CmafPackage", "MssPackage"}


def test_the_rule_lets_our_jobs_through_and_no_others(template: dict[str, Any], emulator: Clients) -> None:
    """EventBridge's own matching, as the emulator has it: by source, kind, status and the name of the stack."""
    events = cast(Any, emulator._session.create_client("events"))
    deployed = template["Resources"]["JobChanged"]["Properties"]["Events"]["JobChangedEvent"]["Properties"]["Pattern"]
    pattern = json.dumps(deployed).replace('{"Ref": "AWS::StackName"}', '"sluice-dev"')

    def matches(status: str, workflow: str) -> bool:
        detail = {"status": status, "jobId": "1-a", "userMetadata": {"guid": "as_1", "workflow": workflow}}
        known = {"id": "1", "account": "0", "time": "2026-01-01T00:00:00Z", "region": "us-east-1", "resources": []}
        kind = {"source": "aws.mediaconvert", "detail-type": "MediaConvert Job State Change", "detail": detail}
        found: bool = events.test_event_pattern(EventPattern=pattern, Event=json.dumps({**known, **kind}))["Result"]
        return found

    assert all(matches(status, "sluice-dev") for status in JobStatus)
    assert not matches("INPUT_INFORMATION", "sluice-dev")
    assert not matches("COMPLETE", "sluice-prod")
