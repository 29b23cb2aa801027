"""Bring a running emulator to the present code: package, deploy, repair, key. Nothing is done twice."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from threading import Thread
from typing import TypeVar

from botocore.exceptions import ClientError

from sluice.access import ACCESS_SETTINGS
from sluice.clients import LocalClients
from sluice.deploy import Deployment, deploy, deployed, describe, fingerprint_of, record
from sluice.failure import DeployFailed
from sluice.keys import development_key, register
from sluice.package import Package, package
from sluice.paths import Local
from sluice.prepare import bring_page_files
from sluice.repair import repair
from sluice.report import Report

T = TypeVar("T")

# Functions run in our sandbox, which the emulator starts as a custom runtime's bootstrap; on AWS it is python3.13.
_LOCAL_RUNTIME = "provided.al2023"
# The emulator holds a body twice in memory while it is written.
_UPLOAD_MAX_BYTES = 2 * 1024**3
# What an operator may set in the environment of `sluice up`, as in that of the functions.
ENCODING_SETTINGS = {
    "SLUICE_LADDER": "Ladder",
    "SLUICE_PRUNE_LADDER": "PruneLadder",
    "SLUICE_CODECS": "Codecs",
    "SLUICE_QUALITY": "Quality",
    "SLUICE_MAX_FRAME_RATE": "MaxFrameRate",
    "SLUICE_AUDIO_CHANNELS": "AudioChannels",
    "SLUICE_TRIGGERS": "Triggers",
    "SLUICE_VIDEO_EXTENSIONS": "VideoExtensions",
    "SLUICE_METADATA_EXTENSIONS": "MetadataExtensions",
    "SLUICE_METADATA_PREFIX": "MetadataPrefix",
    "SLUICE_ENCODER": "Encoder",
    "SLUICE_MEDIACONVERT": "MediaConvert",
    "SLUICE_MEDIACONVERT_ENDPOINT": "MediaConvertEndpoint",
    "SLUICE_FRAME_CAPTURE": "FrameCapture",
    "SLUICE_ARCHIVE_SOURCE": "ArchiveSource",
    "SLUICE_STATIC_RENDITIONS": "StaticRenditions",
    "SLUICE_MASTER_ACCESS": "MasterAccess",
    "SLUICE_PLAYBACK_POLICY": "PlaybackPolicy",
    "SLUICE_MAX_COST_PER_ASSET_USD": "MaxCostPerAssetUsd",
    "SLUICE_MONTHLY_BUDGET_USD": "MonthlyBudgetUsd",
    "SLUICE_REQUESTS_PER_MINUTE": "RequestsPerMinute",
    "SLUICE_URL_INGEST_ALLOWLIST": "UrlIngestAllowlist",
}


def parameters_of(local: Local) -> dict[str, str]:
    """Template parameters in which a local deployment differs from one on AWS."""
    return {
        "FunctionRuntime": _LOCAL_RUNTIME,
        "PublicBaseUrl": local.origin_url,
        "UploadMaxBytes": str(_UPLOAD_MAX_BYTES),
        # Each chunk's encoder keeps a core busy; more at once only cost memory.
        "MaxParallelChunks": str(max(2, os.cpu_count() or 2)),
        # A list narrows what the guard of addresses lets through; nobody else can reach this API.
        "UrlIngestAllowlist": "*",
        # Nobody waits five minutes for a receiver that he has just mended.
        "WebhookRetrySeconds": "1,2,5,10,30,60,120,300,600",
        **{parameter: os.environ[name] for name, parameter in ENCODING_SETTINGS.items() if os.environ.get(name)},
    }


class Preparation:
    """What can be made while the emulator starts: the package, and the page's vendored files.

    On daemon threads, so that a command that fails meanwhile does not wait for them.
    """

    def __init__(self, local: Local) -> None:
        self._package: Future[Package] = Future()
        self._page: Future[None] = Future()
        access = {name: os.environ[name] for name in ACCESS_SETTINGS if os.environ.get(name)}
        make = partial(package, local.project, local.home.package, for_aws=False, access=access)
        self._in_background(self._package, make)
        self._in_background(self._page, lambda: bring_page_files(local.project))

    @staticmethod
    def _in_background(future: Future[T], call: Callable[[], T]) -> None:
        def run() -> None:
            try:
                future.set_result(call())
            except BaseException as error:  # noqa: BLE001  it is raised again by whoever asks for the result
                future.set_exception(error)

        Thread(target=run, daemon=True).start()

    def package(self) -> Package:
        """Raises what packaging raised."""
        return self._package.result()

    def finish(self) -> None:
        """Raises what bringing the page's files raised."""
        self._page.result()


def roll_out(local: Local, clients: LocalClients, preparation: Preparation, report: Report) -> Deployment:
    """Deploy what is new and check all of it.

    Raises:
        PackagingFailed, DeployFailed: With a sentence that names the cause.
    """
    try:
        return _roll_out(local, clients, preparation, report)
    except ClientError as error:
        said = error.response["Error"]
        raise DeployFailed(f"{error.operation_name} was refused: {said.get('Message', said.get('Code'))}") from error


def _roll_out(local: Local, clients: LocalClients, preparation: Preparation, report: Report) -> Deployment:
    parameters = parameters_of(local)
    with report.step("package") as step:
        packaged = preparation.package()
        step.note = "" if packaged.fresh else "unchanged"
    fingerprint = fingerprint_of(packaged, parameters)
    with report.step("deploy") as step:
        deployment = deployed(clients, fingerprint)
        if deployment is None:
            deployment = describe(deploy(clients, packaged, parameters), fingerprint)
        else:
            step.note = "unchanged"
    with report.step("check promises") as step:
        dropped = repair(clients, packaged.template, parameters)
        step.note = f"{len(dropped)} set after the deploy" if dropped else ""
    register(clients.dynamodb, deployment.outputs.get("TableName", "sluice-local"), development_key(local.home))
    record(clients, deployment)
    with report.step("page"):
        preparation.finish()
    return deployment
