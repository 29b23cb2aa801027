"""The bare emulator, with the resources of the adapters and nothing deployed; and the adapters in memory beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.aws.clients import Clients
from chalicelib.aws.objects import Objects
from chalicelib.aws.table import Table
from chalicelib.tools import Chromium, Ffmpeg, MediaInfo
from sluice.clients import REGION, ROOT_KEY_ID, ROOT_SECRET
from sluice.emulator import venv
from sluice.emulator.process import Emulator
from sluice.package import TEMPLATE_NAME, package
from sluice.paths import Local, LocalHome, Project
from sluice.template import Document
from tests.browser import layer_browser
from tests.fakes import FakeObjects, FakeTable
from tests.local_aws import ToyAws, free_port
from tests.theatre import Theatre

BUCKET = "sluice-contract-source"
TABLE = "sluice-contract"


@pytest.fixture(scope="session")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `chalice package` makes of the app."""
    return package(Project.here(), tmp_path_factory.mktemp("package") / "out", for_aws=False).folder


@pytest.fixture(scope="session")
def template(packaged: Path) -> Document:
    """The template of that, before anything is resolved."""
    document: Document = json.loads((packaged / TEMPLATE_NAME).read_text())
    return document


@pytest.fixture(scope="session")
def emulator_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the emulator keeps everything."""
    return tmp_path_factory.mktemp("aws")


@pytest.fixture(scope="session")
def emulator(emulator_home: Path) -> Iterator[Clients]:
    """Our own clients, on an emulator that ends with the tests."""
    local = Local(Project.here(), LocalHome(emulator_home), gateway_port=free_port())
    venv.ensure(local.emulator_venv)
    started = Emulator(local)
    environ = pytest.MonkeyPatch()
    try:
        started.await_ready()
        environ.setenv("AWS_ENDPOINT_URL", local.gateway_url)
        environ.setenv("AWS_DEFAULT_REGION", REGION)
        environ.setenv("AWS_ACCESS_KEY_ID", ROOT_KEY_ID)
        environ.setenv("AWS_SECRET_ACCESS_KEY", ROOT_SECRET)
        clients = Clients()
        clients.s3.create_bucket(Bucket=BUCKET)
        _create_table(clients)
        yield clients
    finally:
        environ.undo()
        started.stop()


def _create_table(clients: Clients) -> None:
    """As .chalice/resources.yaml has it."""
    clients.dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "gsi1pk", "gsi1sk")
        ],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "GSI1",
                "KeySchema": [
                    {"AttributeName": "gsi1pk", "KeyType": "HASH"},
                    {"AttributeName": "gsi1sk", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToyAws]:
    """A toy application, deployed on a local AWS of its own for each module that asks."""
    made = ToyAws.under(tmp_path_factory.mktemp("toy"))
    try:
        made.up()
        yield made
    finally:
        made.down()


@pytest.fixture(scope="module")
def browser(ffmpeg_path: Path) -> Iterator[Chromium]:
    """The layer's browser, as the render function drives it; found when it is first asked for."""
    found = Chromium(Ffmpeg(str(ffmpeg_path)), MediaInfo(), find=layer_browser)
    yield found
    found.close()


@pytest.fixture
def theatre(browser: Chromium, tmp_path: Path) -> Theatre:
    """Shows pages in it."""
    return Theatre(browser, tmp_path)


@pytest.fixture(params=["memory", "emulator"])
def table(request: pytest.FixtureRequest) -> Table:
    """The same promises, twice."""
    if request.param == "memory":
        return FakeTable()
    clients: Clients = request.getfixturevalue("emulator")
    _empty_table(clients)
    return Table(clients, TABLE)


def _empty_table(clients: Clients) -> None:
    for item in clients.dynamodb.scan(TableName=TABLE)["Items"]:
        clients.dynamodb.delete_item(TableName=TABLE, Key={"pk": item["pk"], "sk": item["sk"]})


@pytest.fixture(params=["memory", "emulator"])
def objects(request: pytest.FixtureRequest) -> Objects:
    """The same promises, twice."""
    if request.param == "memory":
        return FakeObjects()
    found = Objects(request.getfixturevalue("emulator"))
    for key in list(found.list_keys(BUCKET, "")):
        found.delete(BUCKET, key)
    return found
