"""The settings that hold for one asset: the deployment's, with what was chosen for this asset in their place."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

from chalicelib.catalog.options import AssetOptions, Encoder
from chalicelib.errors import InvalidRequest, MetadataInvalid

if TYPE_CHECKING:
    from chalicelib.settings import Settings

_SAME_NAME = frozenset({"ladder", "codecs", "quality", "max_frame_rate", "prune_ladder", "keep_surround"}) | {
    *("encoder", "archive_source", "frame_capture", "input_rotate", "accelerated_transcoding"),
}


def settings_for(options: AssetOptions, settings: Settings) -> Settings:
    """The deployment's settings with the asset's own choices laid over them."""
    chosen = {
        field.name: value
        for field in fields(options)
        if field.name in _SAME_NAME and (value := getattr(options, field.name)) is not None
    }
    uhd, full_hd, hd = settings.job_templates
    templates = (
        options.job_template_2160p or uhd,
        options.job_template_1080p or full_hd,
        options.job_template_720p or hd,
    )
    if options.encoder is None and options.needs_mediaconvert:
        # Ours would leave out what the customer asked for.
        chosen["encoder"] = Encoder.MEDIACONVERT
    base_url = f"https://{options.cloud_front}" if options.cloud_front else settings.public_base_url
    return replace(settings, **chosen, job_templates=templates, public_base_url=base_url)


def media_base_url(options: AssetOptions, deployment: Settings) -> str:
    """The origin of an asset's media: its own, or the deployment's."""
    return settings_for(options, deployment).public_base_url


def largest_source(options: AssetOptions, deployment: Settings) -> int | None:
    """Bytes of the largest source that an asset may have; None where MediaConvert may work, which has no such limit."""
    if deployment.mediaconvert_role_arn and settings_for(options, deployment).encoder != Encoder.LAMBDA:
        return None
    return deployment.upload_max_bytes


def check_options(options: AssetOptions, settings: Settings) -> None:
    """Refuse choices that this deployment cannot make come true.

    Raises:
        MetadataInvalid: Which names the field.
    """
    wanted = options.needs_mediaconvert
    if wanted and options.encoder is Encoder.LAMBDA:
        raise MetadataInvalid(f"{wanted} has a meaning for MediaConvert only, but encoder is lambda", field=wanted)
    if settings.mediaconvert_role_arn:
        return
    if options.encoder is Encoder.MEDIACONVERT:
        raise MetadataInvalid("encoder is mediaconvert, but MediaConvert is off in this deployment", field="encoder")
    if wanted:
        raise MetadataInvalid(
            f"{wanted} has a meaning for MediaConvert only, which is off in this deployment", field=wanted
        )


def check_encoder(encoder: Encoder | None, settings: Settings) -> None:
    """The same for a request. Raises InvalidRequest."""
    if encoder is Encoder.MEDIACONVERT and not settings.mediaconvert_role_arn:
        detail = "MediaConvert is off in this deployment"
        raise InvalidRequest(detail, errors=[{"pointer": "/asset/encoder", "detail": detail}])
