"""A stand-in for MediaConvert on loopback: it speaks the calls that we make, in the service's own wire format, and
works on what it is asked for with ffmpeg, as far as a test can tell.

Every request is read back through botocore's model of the service and validated against it, so what AWS would refuse
for its shape is refused here. What AWS checks beyond that (its transcoding engine's rules) is not known here.
"""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

from sluice.clients import LocalClients
from tests.e2e.clips import run_ffmpeg

_MODEL = botocore.session.get_session().get_service_model("mediaconvert")
_API = "/2017-08-29"
_EXTENSION = {"DASH_ISO_GROUP_SETTINGS": "mpd", "CMAF_GROUP_SETTINGS": "mpd", "HLS_GROUP_SETTINGS": "m3u8"}
FAILING_TEMPLATE = "fails"


def from_wire(shape: Any, value: Any) -> Any:
    """A JSON document in the names of the service's model."""
    if shape.type_name == "structure":
        names = {member.serialization.get("name", name): name for name, member in shape.members.items()}
        return {names[wire]: from_wire(shape.members[names[wire]], inner) for wire, inner in value.items()}
    if shape.type_name == "list":
        return [from_wire(shape.member, inner) for inner in value]
    if shape.type_name == "map":
        return {name: from_wire(shape.value, inner) for name, inner in value.items()}
    return value


def to_wire(shape: Any, value: Any) -> Any:
    """The other way round."""
    if shape.type_name == "structure":
        members = shape.members
        return {members[name].serialization.get("name", name): to_wire(members[name], v) for name, v in value.items()}
    if shape.type_name == "list":
        return [to_wire(shape.member, inner) for inner in value]
    if shape.type_name == "map":
        return {name: to_wire(shape.value, inner) for name, inner in value.items()}
    return value


def complaints(operation: str, parameters: Any) -> str:
    """What botocore's model says against the parameters of a call; empty if nothing."""
    shape = _MODEL.operation_model(operation).input_shape
    assert shape is not None
    return str(ParamValidator().validate(parameters, shape).generate_report())


@dataclass
class MediaConvertServer:
    """`templates` by name, in the model's names; `requests` are CreateJob's, valid ones only, by their token."""

    templates: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    work: Callable[[str, dict[str, Any]], None] | None = None
    url: str = ""

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if method == "GET" and path.startswith(f"{_API}/jobTemplates/"):
            name = path.rpartition("/")[2]
            if name not in self.templates:
                return 404, {"message": f"no template {name}"}
            shape = _MODEL.shape_for("JobTemplate")
            return 200, {"jobTemplate": to_wire(shape, {"Name": name, **self.templates[name]})}
        if method == "POST" and path == f"{_API}/jobs":
            return self._create(from_wire(_MODEL.operation_model("CreateJob").input_shape, body))
        if method == "DELETE" and path.startswith(f"{_API}/jobs/"):
            return 202, {}
        return 400, {"message": f"{method} {path}"}

    def _create(self, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        wrong = complaints("CreateJob", request)
        if wrong:
            self.refused.append(wrong)
            return 400, {"message": wrong}
        token = request["ClientRequestToken"]
        job_id = f"1700000000000-{token[-12:]}"
        is_new = token not in self.requests
        self.requests.setdefault(token, request)
        if is_new and self.work is not None:
            threading.Thread(target=self.work, args=(job_id, request), daemon=True).start()
        return 201, {"job": {"id": job_id, "role": request["Role"], "settings": {}, "status": "SUBMITTED"}}


@contextmanager
def mediaconvert_server() -> Iterator[MediaConvertServer]:
    """Serve until the block ends."""
    service = MediaConvertServer()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            status, document = service.answer(self.command, self.path, body)
            data = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            if status >= 400:
                self.send_header("X-Amzn-ErrorType", "NotFoundException" if status == 404 else "BadRequestException")
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815  the library's names

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        service.url = f"http://127.0.0.1:{httpd.server_port}"
        thread = threading.Thread(target=httpd.serve_forever, daemon=True)
        thread.start()
        try:
            yield service
        finally:
            httpd.shutdown()
            thread.join()


@dataclass(frozen=True)
class Transcoder:
    """Does a job on the local AWS: real streams where the job says, and the events that EventBridge would deliver."""

    clients: LocalClients

    def __call__(self, job_id: str, request: dict[str, Any]) -> None:
        base = {"jobId": job_id, "userMetadata": request["UserMetadata"], "timestamp": 0, "queue": "Default"}
        self._send({**base, "status": "STATUS_UPDATE", "jobProgress": {"jobPercentComplete": 40}})
        if request.get("JobTemplate") == FAILING_TEMPLATE:
            failed = {"status": "ERROR", "errorCode": 1040, "errorMessage": "the stream can not be decoded"}
            self._send({**base, **failed})
            return
        with tempfile.TemporaryDirectory() as folder:
            groups = [self._group(group, request, Path(folder)) for group in request["Settings"]["OutputGroups"]]
        complete = {**base, "status": "COMPLETE", "outputGroupDetails": groups}
        # EventBridge delivers at least once, and not in order.
        self._send(complete)
        self._send(complete)
        self._send({**base, "status": "STATUS_UPDATE", "jobProgress": {"jobPercentComplete": 30}})

    def _group(self, group: dict[str, Any], request: dict[str, Any], folder: Path) -> dict[str, Any]:
        settings = group["OutputGroupSettings"]
        kind = settings["Type"]
        destination = next(value["Destination"] for name, value in settings.items() if name != "Type")
        bucket, _, prefix = destination.removeprefix("s3://").partition("/")
        source = folder / "source"
        if not source.exists():
            from_bucket, _, key = request["Settings"]["Inputs"][0]["FileInput"].removeprefix("s3://").partition("/")
            source.write_bytes(self.clients.s3.get_object(Bucket=from_bucket, Key=key)["Body"].read())
        out = folder / kind
        out.mkdir()
        extension = _EXTENSION.get(kind)
        copy = ("-i", str(source), "-c", "copy", "-copyts", "-start_at_zero")
        if extension is None:
            run_ffmpeg("-i", str(source), "-vf", "fps=1/5", str(out / "clip_thumb.%07d.jpg"))
        elif extension == "m3u8":
            run_ffmpeg(*copy, "-hls_list_size", "0", "-f", "hls", str(out / "clip.m3u8"))
        else:
            run_ffmpeg(*copy, "-hls_playlist", "1", "-f", "dash", str(out / "clip.mpd"))
        for path in out.iterdir():
            self.clients.s3.upload_file(str(path), bucket, prefix + path.name)
        details = []
        for output in group["Outputs"]:
            detail: dict[str, Any] = {"durationInMs": 3000}
            if "VideoDescription" in output:
                video = output["VideoDescription"]
                detail["videoDetails"] = {"widthInPx": video["Width"], "heightInPx": video["Height"]}
            if extension is None:
                detail["outputFilePaths"] = [f"{destination}{max(path.name for path in out.iterdir())}"]
            details.append(detail)
        shown = {"type": kind.removesuffix("_SETTINGS"), "outputDetails": details}
        if extension is not None:
            names = sorted(path.name for path in out.iterdir() if path.name in ("clip.mpd", "clip.m3u8", "master.m3u8"))
            shown["playlistFilePaths"] = [f"{destination}{name}" for name in names]
        return shown

    def _send(self, detail: dict[str, Any]) -> None:
        """The function gets what the rule would give it. The emulator lets nobody put events of aws.* on its bus."""
        event = {
            "version": "0",
            "id": "1",
            "source": "aws.mediaconvert",
            "detail-type": "MediaConvert Job State Change",
            "account": "000000000000",
            "time": "2026-01-01T00:00:00Z",
            "region": "us-east-1",
            "resources": [],
            "detail": detail,
        }
        names = [each["FunctionName"] for each in self.clients.functions.list_functions(MaxItems=50)["Functions"]]
        (name,) = (name for name in names if "JobChanged" in name)
        answer = self.clients.functions.invoke(FunctionName=name, Payload=json.dumps(event))
        assert "FunctionError" not in answer, answer["Payload"].read()
