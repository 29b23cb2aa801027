"""The cleanup function, as it is deployed and with its own policy: what was lost is found and brought to an end."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import replace

from chalicelib.aws.table import Table
from chalicelib.catalog.asset import awaited
from chalicelib.catalog.fetch import KEPT_S, Fetch
from chalicelib.catalog.ids import ASSET_PREFIX, ENTROPY_BYTES, RENDER_PREFIX, UPLOAD_PREFIX, new_id
from chalicelib.catalog.keys import upload_key
from chalicelib.catalog.origin import Origin
from chalicelib.catalog.render import RenderStatus
from sluice.deploy import STACK
from sluice.paths import Project
from sluice.verbs_invoke import invoke, physical_name
from tests.e2e.conftest import LocalAws
from tests.unit.catalog.samples import a_render, an_upload

_EVENT = Project.here().state_machines / "sample-events" / "functions" / "cleanup.json"
_LONG_S = 3600


def test_what_was_lost_comes_to_an_end(local_aws: LocalAws, records: Table) -> None:
    """An upload past its time; an ingest, a fetch and a render that nobody is at: one run takes all of them up."""
    bucket, s3 = local_aws.source_bucket, local_aws.clients.s3
    now_ms = time.time_ns() // 1_000_000
    then_ms = now_ms - 1000 * _LONG_S

    late, unseen, unfetched = (new_id(ASSET_PREFIX, now_ms, secrets.token_bytes(ENTROPY_BYTES)) for _ in range(3))
    multipart = s3.create_multipart_upload(Bucket=bucket, Key=upload_key(late))["UploadId"]
    upload_id = new_id(UPLOAD_PREFIX, now_ms, secrets.token_bytes(ENTROPY_BYTES))
    records.create_upload(
        an_upload(
            id=upload_id,
            asset_id=late,
            bucket=bucket,
            key=upload_key(late),
            part_size_bytes=8 << 20,
            multipart_id=multipart,
            expires_at_ms=then_ms,
        )
    )
    records.create_asset(awaited(late, bucket, upload_key(late), then_ms))

    # No event tells of an object there.
    key = f"named/{unseen}.mp4"
    s3.put_object(Bucket=bucket, Key=key, Body=b"no video")
    records.create_asset(replace(awaited(unseen, bucket, key, then_ms), origin=Origin(s3=f"s3://{bucket}/{key}")))

    lost = Fetch(unfetched, "https://127.0.0.1/clip.mp4", 1, now_ms // 1000 + KEPT_S, lease_until_ms=then_ms)
    records.put_fetch(lost)
    records.create_asset(awaited(unfetched, bucket, upload_key(unfetched), then_ms))

    render_id = new_id(RENDER_PREFIX, now_ms, secrets.token_bytes(ENTROPY_BYTES))
    fresh = {"execution_arn": None, "errors": (), "plan_hash": None, "started_at_ms": None, "finished_at_ms": None}
    records.create_render(a_render(id=render_id, status=RenderStatus.QUEUED, attempt=1, updated_at_ms=then_ms, **fresh))

    name = physical_name(local_aws.clients.cloudformation, STACK, "cleanup")
    answer, log, succeeded = invoke(local_aws.clients.functions, name, json.loads(_EVENT.read_text()))
    assert succeeded, (answer, log)
    for asset_id, code in ((late, "upload-expired"), (unseen, "not-a-video")):
        assert [each["code"] for each in local_aws.settled(asset_id)["errors"]] == [code]
    assert not s3.list_multipart_uploads(Bucket=bucket, Prefix=upload_key(late)).get("Uploads")
    assert records.get_render(render_id).execution_arn is not None
    until = time.monotonic() + 60
    while (fetch := records.find_fetch(unfetched)) is not None and fetch.lease_until_ms == then_ms:
        assert time.monotonic() < until, "nobody fetches"
        time.sleep(0.25)
