"""What may be chosen for one asset. What is left open is the deployment's choice (`usecases/asset_settings.py`)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Encoder(StrEnum):
    """Who encodes: our own workers, AWS Elemental MediaConvert, or whichever fits and costs less."""

    LAMBDA = "lambda"
    MEDIACONVERT = "mediaconvert"
    AUTO = "auto"


class Archive(StrEnum):
    """The storage class that the source moves to once the asset is ready."""

    DISABLED = "DISABLED"
    GLACIER = "GLACIER"
    DEEP_ARCHIVE = "DEEP_ARCHIVE"


class InputRotate(StrEnum):
    """MediaConvert's own words: AUTO is as the file says, the others are clockwise."""

    AUTO = "AUTO"
    NONE = "DEGREE_0"
    QUARTER = "DEGREES_90"
    HALF = "DEGREES_180"
    THREE_QUARTERS = "DEGREES_270"


class Acceleration(StrEnum):
    """MediaConvert's accelerated transcoding; its price is that of the professional tier."""

    DISABLED = "DISABLED"
    PREFERRED = "PREFERRED"
    ENABLED = "ENABLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetOptions:
    """None leaves the choice to the deployment.

    Attributes:
        encoder: LAMBDA, MEDIACONVERT or AUTO.
        frame_capture: Whether MediaConvert also writes a picture every five seconds.
        job_template: The MediaConvert job template to use whatever the size of the source.
        job_template_2160p, job_template_1080p, job_template_720p: Those to choose from by the size of the source.
        cloud_front: Host name that serves this asset's media.
        ladder: Heights of the renditions on offer, tallest first.
        static_renditions: Types of those that are made of it once it is ready.
        codecs, quality, max_frame_rate, prune_ladder, keep_surround: As in the settings.
    """

    encoder: Encoder | None = None
    archive_source: Archive | None = None
    frame_capture: bool | None = None
    enable_sns: bool | None = None
    enable_sqs: bool | None = None
    job_template: str | None = None
    job_template_2160p: str | None = None
    job_template_1080p: str | None = None
    job_template_720p: str | None = None
    input_rotate: InputRotate | None = None
    accelerated_transcoding: Acceleration | None = None
    cloud_front: str | None = None
    ladder: tuple[int, ...] | None = None
    codecs: tuple[str, ...] | None = None
    quality: str | None = None
    max_frame_rate: int | None = None
    prune_ladder: bool | None = None
    keep_surround: bool | None = None
    static_renditions: tuple[str, ...] | None = None

    @property
    def needs_mediaconvert(self) -> str | None:
        """The field, in a metadata file's spelling, that only MediaConvert can obey; None if there is none."""
        if self.job_template is not None:
            return "jobTemplate"
        if self.input_rotate not in (None, InputRotate.AUTO, InputRotate.NONE):
            return "inputRotate"
        return None


NO_OPTIONS = AssetOptions()
