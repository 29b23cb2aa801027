"""An asset as a record of Video on Demand on AWS, with the settings that hold for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.catalog.asset import Asset
from chalicelib.catalog.options import Archive
from chalicelib.catalog.playback import PlaybackPolicy, policy_of
from chalicelib.catalog.vod.record import Workflow, vod_record
from chalicelib.usecases.asset_settings import settings_for

if TYPE_CHECKING:
    from chalicelib.settings import Settings


def vod_record_of(asset: Asset, deployment: Settings) -> dict[str, Any]:
    """Notifications are on, unless the asset's own options turn them off. Signed media have keys and no URLs."""
    settings = settings_for(asset.options, deployment)
    base_url = settings.public_base_url if policy_of(asset.id) is PlaybackPolicy.PUBLIC else ""
    scheme, _, host = base_url.partition("://")
    workflow = Workflow(
        name=deployment.stage,
        dest_bucket=deployment.media_bucket,
        cloud_front=host,
        job_templates=settings.job_templates,
        frame_capture=settings.frame_capture,
        archive_source=Archive(settings.archive_source),
        input_rotate=settings.input_rotate,
        accelerated_transcoding=settings.accelerated_transcoding,
        enable_sns=asset.options.enable_sns is not False,
        enable_sqs=asset.options.enable_sqs is not False,
        enable_media_package=bool(settings.mediapackage_group),
    )
    return vod_record(asset, workflow, scheme=scheme or "https")
