"""After a MediaConvert job: what it says it has written is there, and the asset knows it by role."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.catalog import keys
from chalicelib.catalog.asset import Asset, AssetChange, Outputs, ProgressState
from chalicelib.catalog.vod.job import THUMBNAILS
from chalicelib.errors import ObjectMissing
from chalicelib.usecases.plan import PREPARING
from chalicelib.usecases.withdraw import withdraw_if_given_up

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.aws.table import Table
    from chalicelib.settings import Settings


def validate_job(
    asset: Asset, plan_hash: str, objects: Objects, table: Table, settings: Settings, *, now_ms: int
) -> dict[str, object]:
    """Look for every manifest and file of the job, and put them on the asset.

    Raises:
        ObjectMissing: If one is not there, or the job has written nothing that plays.
    """
    outcome = table.get_job(asset.id, asset.attempt).outcome
    if outcome is None or outcome.plan_hash != plan_hash:
        raise ObjectMissing("the job has left no outcome", asset_id=asset.id, plan_hash=plan_hash)
    bucket = settings.media_bucket
    captured = tuple(objects.list_keys(bucket, f"{keys.media_prefix(asset.id, plan_hash)}{THUMBNAILS}/"))
    # The event names the last picture only.
    outputs = replace(outcome.outputs, thumbnails=captured)
    if outcome.outputs.thumbnails and not captured:
        raise ObjectMissing("MediaConvert's pictures are not in the bucket", asset_id=asset.id)
    found = [key for key in (*_manifests(outputs), *outputs.mp4) if key is not None]
    if not found:
        raise ObjectMissing("the job has written nothing that plays", asset_id=asset.id)
    for key in found:
        objects.head(bucket, key)
    change = AssetChange(
        state=ProgressState.PACKAGING,
        outputs=outputs,
        renditions=outcome.renditions,
        hls_key=outputs.hls or outputs.cmaf_hls,
        dash_key=outputs.dash or outputs.cmaf_dash,
        # A tenth in: past black leaders and titles.
        poster_key=captured[len(captured) // 10] if captured else None,
    )
    still = AssetChange(attempt=asset.attempt, plan_hash=plan_hash)
    table.update_asset(asset.id, change, expect=PREPARING, now_ms=now_ms, unchanged=still)
    withdraw_if_given_up(asset.id, objects, table, settings)
    return {"AssetId": asset.id}


def _manifests(outputs: Outputs) -> tuple[str | None, ...]:
    return outputs.hls, outputs.dash, outputs.cmaf_hls, outputs.cmaf_dash, outputs.mss
