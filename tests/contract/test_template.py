"""The template as it is deployed: Chalice's own resources and ours, merged."""

from __future__ import annotations

import json
import re
import zipfile
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from chalicelib.settings import Settings
from sluice.access import ORIGINS_OUTPUT, settle_access
from sluice.account.parts import resources_part
from sluice.lint import lint_template
from sluice.package import TEMPLATE_NAME
from sluice.paths import Project
from sluice.template import Document, Resolver, write_template

FUNCTIONS = (
    "APIHandler",
    "Cleanup",
    "Deliver",
    "Early",
    "Encode",
    "Fetch",
    "Ingest",
    "JobChanged",
    "Notify",
    "Publish",
    "Render",
)
WITH_TOOLS = ("APIHandler", "Cleanup", "Fetch", "Ingest", "Render")
OUTPUTS = {
    "ApiUrl",
    "EncodeDeadLetterQueueUrl",
    "EncodeQueueUrl",
    "EventBusName",
    "MediaBucketName",
    "NotificationDeadLetterQueueUrl",
    "NotificationQueueUrl",
    "NotificationTopicArn",
    "PublishStateMachineArn",
    "RenderFunctionName",
    "RenderStateMachineArn",
    "SourceBucketName",
    "TableName",
}
# Actions that have no resource to name.
NOWHERE = {"xray:PutTelemetryRecords", "xray:PutTraceSegments", "states:SendTaskSuccess", "states:SendTaskFailure"}


def _properties(template: Document, logical_id: str) -> Document:
    properties: Document = template["Resources"][logical_id]["Properties"]
    return properties


def _by_default(template: Document, value: Any) -> Any:
    defaults = {name: str(body["Default"]) for name, body in template["Parameters"].items()}
    return Resolver(defaults, {}, template["Conditions"]).resolve(value)


def test_cfn_lint_has_nothing_to_say(packaged: Path) -> None:
    """The merged template is valid, warnings included."""
    assert lint_template(packaged / TEMPLATE_NAME) == []


def test_nothing_is_said_twice() -> None:
    """A second parameter or resource of one name would silently take the place of the first."""

    class Strict(yaml.SafeLoader):
        pass

    def mapping(loader: Strict, node: yaml.MappingNode) -> dict[Any, Any]:
        names = [loader.construct_object(key) for key, _ in node.value]
        assert len(names) == len(set(names)), f"twice: {[name for name in names if names.count(name) > 1]}"
        loader.flatten_mapping(node)
        return {loader.construct_object(key): loader.construct_object(item, deep=True) for key, item in node.value}

    Strict.add_constructor("tag:yaml.org,2002:map", mapping)
    Strict.add_multi_constructor("!", lambda *_: "intrinsic")
    yaml.load(Project.here().merge_template.read_text(), Strict)  # noqa: S506  a safe loader


def test_the_part_beside_chalice_deploy_is_valid_too(template: Document, tmp_path: Path) -> None:
    """Without functions and API the stack refers to nothing that is missing, and keeps to the limit of outputs."""
    part = tmp_path / "part.json"
    document = resources_part(template, deployed_by="chalice")
    write_template(part, document)
    assert lint_template(part) == []
    assert len(document["Outputs"]) <= 200


def test_the_origins_of_media_are_valid_too(template: Document, tmp_path: Path) -> None:
    """What restricted origins add to the template is what CloudFormation knows."""
    restricted = tmp_path / "restricted.json"
    settled = settle_access(deepcopy(template), {"SLUICE_CORS_ORIGINS": "https://a.test,https://b.test"})
    added = {name: body for name, body in settled["Resources"].items() if name not in template["Resources"]}
    assert [body.pop("Condition") for body in added.values()] == ["OnAws"]
    write_template(restricted, {"Resources": added, "Outputs": {"Origins": settled["Outputs"][ORIGINS_OUTPUT]}})
    assert lint_template(restricted) == []


def test_a_broken_template_is_found(tmp_path: Path) -> None:
    """The same check complains about a reference that leads nowhere."""
    broken = tmp_path / "broken.json"
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Nothing"}}}
    broken.write_text(json.dumps({"Resources": {"Queue": queue}}))
    assert any("Nothing" in line for line in lint_template(broken))


def test_every_override_meets_a_resource(template: Document) -> None:
    """No logical id of the merge template is misspelt: each resource has a type; the functions are those we know."""
    assert [name for name, body in template["Resources"].items() if "Type" not in body] == []
    found = {name for name, body in template["Resources"].items() if body["Type"] == "AWS::Serverless::Function"}
    assert found == set(FUNCTIONS)


def test_every_function_takes_its_runtime_from_the_parameter(template: Document) -> None:
    """One parameter tells the local AWS from the real one, for all functions."""
    for name in FUNCTIONS:
        assert _properties(template, name)["Runtime"] == {"Ref": "FunctionRuntime"}
    for name in WITH_TOOLS:
        browser = [{"Ref": "BrowserLayer"}] if name == "Render" else []
        assert _properties(template, name)["Layers"] == [{"Ref": "MediaToolsLayer"}, *browser]


def test_events_come_from_the_stacks_own_resources(template: Document) -> None:
    """No placeholder of the code survives: the bucket and the queue are the stack's."""
    pattern = _properties(template, "Ingest")["Events"]["IngestEvent"]["Properties"]["Pattern"]
    assert pattern["detail"] == {
        "bucket": {"name": [{"Ref": "SourceBucket"}]},
        "object": {"key": [{"prefix": "uploads/"}, {"prefix": {"Ref": "MetadataPrefix"}}]},
    }
    changed = _properties(template, "JobChanged")["Events"]["JobChangedEvent"]["Properties"]["Pattern"]
    assert changed["detail"]["userMetadata"] == {"workflow": [{"Ref": "AWS::StackName"}]}
    assert changed["detail"]["status"] == ["COMPLETE", "ERROR", "CANCELED", "STATUS_UPDATE"]
    queue = _properties(template, "Encode")["Events"]["EncodeSqsEventSource"]["Properties"]
    assert queue["Queue"] == {"Fn::Sub": "${EncodeQueue.Arn}"}
    assert queue["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert "replaced-by-the-merge-template" not in json.dumps(template)


def test_other_methods_come_to_the_function(template: Document) -> None:
    """Of each path that the app has, and of no other: so they are answered with 405 and what is allowed."""
    import app

    paths = _properties(template, "RestAPI")["DefinitionBody"]["paths"]
    other = {path: methods["x-amazon-apigateway-any-method"] for path, methods in paths.items() if len(methods) > 1}
    assert set(paths) == set(other) == set(app.app.routes)
    uri = paths["/v1/health"]["get"]["x-amazon-apigateway-integration"]["uri"]
    assert all(method["x-amazon-apigateway-integration"]["uri"] == uri for method in other.values())


def test_a_message_stays_hidden_longer_than_its_consumer_runs(template: Document) -> None:
    """Lambda asks for six times the function's timeout; what fails five times goes to the dead-letter queue."""
    for name, function in (("Encode", "Encode"), ("Fetch", "Fetch"), ("Events", "Notify"), ("Webhook", "Deliver")):
        queue = _properties(template, f"{name}Queue")
        assert queue["VisibilityTimeout"] >= 6 * _properties(template, function)["Timeout"]
        assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": [f"{name}DeadLetterQueue", "Arn"]}
        source = _properties(template, function)["Events"][f"{function}SqsEventSource"]["Properties"]
        assert source["Queue"] == {"Fn::Sub": f"${{{name}Queue.Arn}}"}
        assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_queues_and_topic_are_encrypted(template: Document) -> None:
    """Whatever carries a record is encrypted at rest, and what a consumer cannot take is kept."""
    bodies = template["Resources"].values()
    assert all(body["Properties"]["SqsManagedSseEnabled"] for body in bodies if body["Type"] == "AWS::SQS::Queue")
    assert _properties(template, "NotificationTopic")["KmsMasterKeyId"] == "alias/aws/sns"
    redrive = _properties(template, "NotificationQueue")["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": ["NotificationDeadLetterQueue", "Arn"]}


def test_tasks_do_not_outlast_their_functions(template: Document) -> None:
    """A state waits no longer than its function may run, so a timeout has one meaning; a token is another matter."""
    for name in ("early", "publish", "render", "rendition"):
        machine = json.loads((Project.here().state_machines / f"{name}.asl.json").read_text())
        for task in _tasks(machine["States"]):
            function = task["Parameters"].get("FunctionName", "")
            if function and not task["Resource"].endswith(".waitForTaskToken"):
                logical_id = function.removeprefix("${").removesuffix("FunctionArn}")
                assert task["TimeoutSeconds"] <= int(
                    _by_default(template, _properties(template, logical_id)["Timeout"])
                )


def _tasks(states: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for state in states.values():
        if state["Type"] == "Task":
            found.append(state)
        found += _tasks(state["ItemProcessor"]["States"]) if "ItemProcessor" in state else []
    return found


def test_settings_are_given_by_the_template(template: Document) -> None:
    """The variables of the template, whatever their values, are enough for the settings, and each is read by them."""
    variables = template["Globals"]["Function"]["Environment"]["Variables"]
    numbers = {"SLUICE_UPLOAD_MAX_BYTES": "1", "SLUICE_MAX_PARALLEL_CHUNKS": "2", "SLUICE_LADDER": "360"}
    numbers |= {"SLUICE_MAX_FRAME_RATE": "60", "SLUICE_PROJECT_MAX_BYTES": "1"}
    words = {"SLUICE_PRUNE_LADDER": "on", "SLUICE_CODECS": "h264", "SLUICE_QUALITY": "fast"}
    words |= {"SLUICE_NOTIFY_SHAPE": "vod"}
    words |= {"SLUICE_WEBHOOK_LOOPBACK": "on", "SLUICE_WEBHOOK_RETRY_SECONDS": "1,2"}
    words |= {"SLUICE_TRIGGERS": "video", "SLUICE_ENCODER": "auto"}
    words |= {"SLUICE_JOB_TEMPLATES": "a,b,c", "SLUICE_INPUT_ROTATE": "AUTO", "SLUICE_FRAME_CAPTURE": "on"}
    words |= {"SLUICE_ACCELERATED_TRANSCODING": "PREFERRED", "SLUICE_ARCHIVE_SOURCE": "GLACIER"}
    words |= {"SLUICE_AUDIO_CHANNELS": "source", "SLUICE_STATIC_RENDITIONS": "mp4", "SLUICE_MASTER_ACCESS": "off"}
    words |= {"SLUICE_PLAYBACK_POLICY": "signed", "SLUICE_EMBED_ORIGINS": "none"}
    words |= {"SLUICE_TRANSFER_ACCELERATION": "on"}
    numbers |= {"SLUICE_MAX_COST_PER_ASSET_USD": "0.5", "SLUICE_MONTHLY_BUDGET_USD": "10"}
    numbers |= {"SLUICE_REQUESTS_PER_MINUTE": "9"}
    read: set[str] = set()

    class Watched(dict[str, str]):
        def get(self, name: str, default: Any = None) -> Any:
            read.add(name)
            return super().get(name, default)

    Settings.from_env(Watched({name: (numbers | words).get(name, "x") for name in variables}))
    assert variables.keys() <= read


def test_parameters_default_to_the_settings(template: Document) -> None:
    """A parameter's default is the same as the setting's own."""
    names = ["STAGE", "TABLE", "SOURCE_BUCKET", "MEDIA_BUCKET", "ENCODE_QUEUE_URL"]
    names += [f"{name}_STATE_MACHINE_ARN" for name in ("PUBLISH", "RENDER", "RENDITION")]
    names += ["EVENTS_QUEUE_URL", "WEBHOOK_QUEUE_URL", "FETCH_QUEUE_URL"]
    settings = Settings.from_env({f"SLUICE_{name}": "x" for name in names})
    defaults = {name: body["Default"] for name, body in template["Parameters"].items()}
    assert defaults["UploadMaxBytes"] == settings.upload_max_bytes
    assert defaults["ProjectMaxBytes"] == settings.project_max_bytes
    assert defaults["Ladder"] == ",".join(map(str, settings.ladder))
    assert defaults["MaxParallelChunks"] == settings.max_parallel_chunks
    assert defaults["Codecs"] == ",".join(settings.codecs)
    assert defaults["Quality"] == settings.quality
    assert defaults["MaxFrameRate"] == settings.max_frame_rate
    assert defaults["NotifyShape"] == ("vod" if settings.notify_as_vod else "sluice")
    assert defaults["WebhookRetrySeconds"] == ",".join(map(str, settings.webhook_retry_s))
    assert defaults["Triggers"] == ",".join(settings.triggers)
    assert defaults["VideoExtensions"] == ",".join(settings.video_extensions)
    assert defaults["MetadataExtensions"] == ",".join(settings.metadata_extensions)
    assert defaults["MetadataPrefix"] == settings.metadata_prefix
    assert defaults["Encoder"] == settings.encoder
    assert defaults["InputRotate"] == settings.input_rotate
    assert defaults["AcceleratedTranscoding"] == settings.accelerated_transcoding
    assert defaults["FrameCapture"] == ("on" if settings.frame_capture else "off")
    assert defaults["ArchiveSource"] == settings.archive_source
    assert defaults["StaticRenditions"] == ",".join(settings.static_renditions)
    assert defaults["MasterAccess"] == ("on" if settings.master_access else "off")
    assert defaults["UrlIngestAllowlist"] == ",".join(settings.url_ingest_allowlist)
    assert defaults["PlaybackPolicy"] == settings.playback_policy
    assert defaults["PruneLadder"] == ("on" if settings.prune_ladder else "off")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_function_may_do_everything(template: Document, name: str) -> None:
    """Each function has its own role; no action and, but for tracing and task tokens, no resource is a star."""
    role = _properties(template, name)["Role"]["Fn::GetAtt"][0]
    (policy,) = _properties(template, role)["Policies"]
    for statement in policy["PolicyDocument"]["Statement"]:
        assert statement["Effect"] == "Allow"
        assert not any("*" in action for action in statement["Action"])
        assert statement["Resource"] != "*" or set(statement["Action"]) <= NOWHERE


_OWN_NAMES = {
    "AWS::CloudFront::Function": "Name",
    "AWS::CloudFront::KeyValueStore": "Name",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Events::EventBus": "Name",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::MediaConvert::JobTemplate": "Name",
    "AWS::MediaPackage::PackagingConfiguration": "Id",
    "AWS::MediaPackage::PackagingGroup": "Id",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::Serverless::LayerVersion": "LayerName",
    "AWS::Serverless::StateMachine": "Name",
}


def test_no_two_stages_share_a_name(template: Document) -> None:
    """What has a name of its own in the account has the stack's in it, so a second stage gets another."""
    dev, prod = (_names(template, stack) for stack in ("sluice-dev", "sluice-prod"))
    assert len(dev) == len(set(dev)) > 40
    assert not set(dev) & set(prod)


def _names(template: Document, stack: str) -> list[tuple[str, str]]:
    refs = {"AWS::StackName": stack, "AWS::AccountId": "1" * 12, "AWS::Region": "us-east-1"}
    return [
        (body["Type"], str(Resolver(refs, {}).resolve(body["Properties"][_OWN_NAMES[body["Type"]]])))
        for body in template["Resources"].values()
        if body["Type"] in _OWN_NAMES
    ]


def test_data_outlives_the_stack_and_is_private(template: Document) -> None:
    """Table and buckets are retained; buckets are encrypted and closed to the public; the table forgets by TTL."""
    for name in ("Table", "SourceBucket", "MediaBucket"):
        assert template["Resources"][name]["DeletionPolicy"] == "Retain"
        assert template["Resources"][name]["UpdateReplacePolicy"] == "Retain"
    for name in ("SourceBucket", "MediaBucket"):
        assert all(_properties(template, name)["PublicAccessBlockConfiguration"].values())
        assert "BucketEncryption" in _properties(template, name)
    assert _properties(template, "Table")["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}


def test_gateway_errors_are_problem_documents(template: Document) -> None:
    """What API Gateway answers by itself is JSON of our form, with CORS; an unknown path is a 404."""
    responses = _properties(template, "RestAPI")["GatewayResponses"]
    assert responses["MISSING_AUTHENTICATION_TOKEN"]["StatusCode"] == 404
    for response in responses.values():
        headers = response["ResponseParameters"]["Headers"]
        assert headers["Content-Type"] == "'application/problem+json'"
        assert headers["Access-Control-Allow-Origin"] == "'*'"
        text = response["ResponseTemplates"]["application/json"].replace("$context.error.messageString", '"x"')
        assert {"type", "title", "detail", "code", "request_id", "errors"} <= json.loads(text).keys()


@pytest.mark.parametrize(
    ("parameter", "variable"),
    [
        ("NotifySns", "SLUICE_NOTIFY_TOPIC_ARN"),
        ("NotifySqs", "SLUICE_NOTIFY_QUEUE_URL"),
        ("NotifyEventBridge", "SLUICE_EVENT_BUS"),
    ],
)
def test_each_outlet_can_be_turned_off(template: Document, parameter: str, variable: str) -> None:
    """By its parameter alone; the default is on."""
    wanted = template["Globals"]["Function"]["Environment"]["Variables"][variable]
    names = {"NotificationTopic": "made", "NotificationQueue": "made", "EventBus": "made"}
    defaults = {name: str(body["Default"]) for name, body in template["Parameters"].items()}
    for choice, found in ((defaults[parameter], "made"), ("off", "")):
        resolver = Resolver({**defaults, **names, parameter: choice}, {}, template["Conditions"])
        assert resolver.resolve(wanted) == found


def test_webhooks_may_name_the_machine_only_on_the_local_aws(template: Document) -> None:
    """On AWS this would be the function itself."""
    wanted = template["Globals"]["Function"]["Environment"]["Variables"]["SLUICE_WEBHOOK_LOOPBACK"]
    for runtime, found in (("python3.13", "off"), ("provided.al2023", "on")):
        assert Resolver({"FunctionRuntime": runtime}, {}, template["Conditions"]).resolve(wanted) == found


def test_outputs_are_complete(template: Document) -> None:
    """What the operator's tools and scripts read."""
    assert template["Outputs"].keys() >= OUTPUTS


def test_the_zip_carries_the_page(packaged: Path) -> None:
    """Every file that the pages name is in what Lambda gets, those of the set-up included."""
    with zipfile.ZipFile(packaged / "deployment.zip") as archive:
        carried = set(archive.namelist())
        for page in ("index.html", "embed.html"):
            text = archive.read(f"chalicelib/web/{page}").decode()
            named = re.findall(r'(?:src|href)="(?:\.\./)?(web/[^"]+)"', text)
            assert {f"chalicelib/{name}" for name in named} <= carried
    assert {f"chalicelib/web/vendor/{name}.js" for name in ("hls", "dash")} <= carried
