"""The settings of a deployment, and the only reader of the environment.

Names of resources come from the stack and have no default: a function that lacks one fails at once, by name. Numbers
have the defaults of API.md.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from chalicelib.errors import ConfigurationInvalid

GIB = 1024**3
WEBHOOK_RETRY_S = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""As Standard Webhooks proposes: ten attempts within 75 hours and 35 minutes."""
MOST_REQUESTS = 30_000
"""A minute, of one caller: half of what one item of the table takes; beyond it, counting would be what is refused."""
CODECS = ("h264", "hevc", "av1")
_ROTATIONS = ("auto", "degree_0", "degrees_90", "degrees_180", "degrees_270")
_ORIGIN = re.compile(r"https?://(\*\.)?[A-Za-z0-9.-]+(:[0-9]{1,5})?")
HOST_ENTRY = r"(http://)?(\*|(\*\.)?[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)"
STATIC_RENDITIONS = ("mp4", "m4a", "gif", "avif", "webp")


class AuthMode(StrEnum):
    """Who says who calls the API: its own keys, or an authorizer of API Gateway."""

    KEYS = "keys"
    IAM = "iam"
    COGNITO = "cognito"


@dataclass(frozen=True, slots=True)
class Access:
    """How callers prove who they are.

    Attributes:
        user_pool_arn: Of Cognito; empty in other modes.
        access_tokens: Whether the pool's access tokens are taken, by their scopes; else its ID tokens, by groups.
    """

    mode: AuthMode
    user_pool_arn: str = ""
    access_tokens: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """One deployment.

    Attributes:
        public_base_url: Origin that serves the media bucket and the player, without a trailing slash; empty when
            nothing serves it, and then the API gives keys but no playback URLs.
        upload_max_bytes: Largest source taken. A worker keeps the source on its disk, 10 GiB at most on Lambda.
        project_max_bytes: Largest project archive of a composition, as it is sent.
        upload_ttl_s: How long an upload stays open, unless its creator asks for less or more.
        presign_ttl_s: Life of one presigned URL; a client asks for fresh ones while the upload is open.
        keep_surround: Whether tracks of six channels are published in 5.1 too, beside stereo.
        ladder: Heights of the renditions on offer, tallest first.
        codecs: Of the renditions; "h264" is always among them, and first.
        quality: "fast", "balanced" or "high": more CPU for fewer bytes.
        max_frame_rate: Faster sources are halved until they fit.
        prune_ladder: Whether rungs that add nothing for a title are left out.
        notify_topic_arn, notify_queue_url, event_bus: Where events go beside webhooks; empty where they do not.
        webhook_retry_s: Waits between the attempts of a delivery, so there is one attempt more.
        notify_as_vod: Whether SNS and SQS get the messages of Video on Demand on AWS.
        webhook_loopback: Whether webhooks may name this very machine: on the local AWS.
        static_renditions: Types of static renditions that are made of every asset.
        master_access: Whether the API gives out URLs of sources.
        transfer_acceleration: Whether URLs that take uploads lead through S3's edge.
        cors_origins: Browser origins allowed to call the API, or ("*",).
        embed_origins: Pages that may frame the embeddable player, or ("*",), or ("'none'",).
        triggers: What sets work going by appearing in the bucket: "video", "metadata" or both.
        metadata_prefix: Where metadata files are looked for.
        video_extensions, metadata_extensions: In lower case, without dots; "*" is every one.
        extra_source_bucket: A second bucket that metadata files may name videos in; empty for none.
        encoder: "lambda", "mediaconvert" or "auto".
        mediaconvert_role_arn: What MediaConvert reads and writes as; empty where MediaConvert is off.
        mediaconvert_endpoint: An account's own endpoint, only where one must be used.
        job_templates: Of MediaConvert, for sources of 2160, 1080 and 720 lines and above.
        frame_capture: Whether MediaConvert jobs write a picture every five seconds.
        archive_source: Where sources go once they are published: "DISABLED", "GLACIER" or "DEEP_ARCHIVE".
        mediapackage_group: The packaging group; empty where MediaPackage is off.
        mediapackage_role_arn: What MediaPackage reads the media bucket as.
        playback_policy: "public" or "signed", of assets that are made without a policy of their own.
        max_cost_per_asset_usd: At which the work on an asset stops, unless it has a cap of its own; None for no end.
        url_ingest_allowlist: Hosts that sources may be fetched from (catalog/origin.py); none allows none.
        fetch_queue_url: Of the messages that have sources fetched.
        requests_per_minute: Of each caller that has no limit of its own; None for any number.
        distribution_id: Of the CloudFront that serves the media; empty where none does.
        monthly_budget_usd: At which nothing new is begun until the next calendar month; None for no end.
    """

    stage: str
    table: str
    source_bucket: str
    media_bucket: str
    encode_queue_url: str
    publish_state_machine_arn: str
    render_state_machine_arn: str
    events_queue_url: str
    webhook_queue_url: str
    notify_topic_arn: str
    notify_queue_url: str
    event_bus: str
    webhook_retry_s: tuple[int, ...]
    webhook_loopback: bool
    notify_as_vod: bool
    rendition_state_machine_arn: str
    public_base_url: str
    upload_max_bytes: int
    project_max_bytes: int
    upload_ttl_s: int
    presign_ttl_s: int
    ladder: tuple[int, ...]
    codecs: tuple[str, ...]
    quality: str
    max_frame_rate: int
    prune_ladder: bool
    segment_seconds: int
    chunk_seconds: int
    max_parallel_chunks: int
    cors_origins: tuple[str, ...]
    embed_origins: tuple[str, ...]
    abort_incomplete_days: int
    keep_surround: bool
    triggers: tuple[str, ...]
    metadata_prefix: str
    video_extensions: tuple[str, ...]
    metadata_extensions: tuple[str, ...]
    extra_source_bucket: str
    encoder: str
    mediaconvert_role_arn: str
    mediaconvert_endpoint: str
    job_templates: tuple[str, str, str]
    input_rotate: str
    accelerated_transcoding: str
    frame_capture: bool
    archive_source: str
    mediapackage_group: str
    mediapackage_role_arn: str
    static_renditions: tuple[str, ...]
    master_access: bool
    transfer_acceleration: bool
    playback_policy: str
    max_cost_per_asset_usd: Fraction | None
    monthly_budget_usd: Fraction | None
    url_ingest_allowlist: tuple[str, ...]
    fetch_queue_url: str
    distribution_id: str
    requests_per_minute: int | None

    @property
    def region(self) -> str:
        """Where the stack is, as the ARN of its state machine says."""
        return self.publish_state_machine_arn.split(":")[3]

    @staticmethod
    def from_env(environ: Mapping[str, str]) -> Settings:
        """Raises ConfigurationInvalid, which names the variable, if one is missing or malformed."""
        return Settings(
            stage=_text(environ, "SLUICE_STAGE"),
            table=_text(environ, "SLUICE_TABLE"),
            source_bucket=_text(environ, "SLUICE_SOURCE_BUCKET"),
            media_bucket=_text(environ, "SLUICE_MEDIA_BUCKET"),
            encode_queue_url=_text(environ, "SLUICE_ENCODE_QUEUE_URL"),
            publish_state_machine_arn=_text(environ, "SLUICE_PUBLISH_STATE_MACHINE_ARN"),
            render_state_machine_arn=_text(environ, "SLUICE_RENDER_STATE_MACHINE_ARN"),
            events_queue_url=_text(environ, "SLUICE_EVENTS_QUEUE_URL"),
            webhook_queue_url=_text(environ, "SLUICE_WEBHOOK_QUEUE_URL"),
            notify_topic_arn=environ.get("SLUICE_NOTIFY_TOPIC_ARN", "").strip(),
            notify_queue_url=environ.get("SLUICE_NOTIFY_QUEUE_URL", "").strip(),
            event_bus=environ.get("SLUICE_EVENT_BUS", "").strip(),
            webhook_retry_s=_seconds(environ, "SLUICE_WEBHOOK_RETRY_SECONDS", WEBHOOK_RETRY_S),
            notify_as_vod=_choice(environ, "SLUICE_NOTIFY_SHAPE", "sluice", ("sluice", "vod")) == "vod",
            webhook_loopback=_choice(environ, "SLUICE_WEBHOOK_LOOPBACK", "off", ("on", "off")) == "on",
            rendition_state_machine_arn=_text(environ, "SLUICE_RENDITION_STATE_MACHINE_ARN"),
            public_base_url=environ.get("SLUICE_PUBLIC_BASE_URL", "").rstrip("/"),
            upload_max_bytes=_count(environ, "SLUICE_UPLOAD_MAX_BYTES", 8 * GIB),
            project_max_bytes=_count(environ, "SLUICE_PROJECT_MAX_BYTES", GIB // 2),
            upload_ttl_s=_count(environ, "SLUICE_UPLOAD_TTL_S", 3600),
            presign_ttl_s=_count(environ, "SLUICE_PRESIGN_TTL_S", 900),
            ladder=_ladder(environ),
            codecs=_codecs(environ),
            quality=_choice(environ, "SLUICE_QUALITY", "balanced", ("fast", "balanced", "high")),
            max_frame_rate=_count(environ, "SLUICE_MAX_FRAME_RATE", 60, range(24, 241)),
            prune_ladder=_choice(environ, "SLUICE_PRUNE_LADDER", "on", ("on", "off")) == "on",
            segment_seconds=_count(environ, "SLUICE_SEGMENT_SECONDS", 6),
            chunk_seconds=_count(environ, "SLUICE_CHUNK_SECONDS", 12),
            max_parallel_chunks=_count(environ, "SLUICE_MAX_PARALLEL_CHUNKS", 40),
            cors_origins=cors_origins(environ),
            embed_origins=_embed_origins(environ),
            abort_incomplete_days=_count(environ, "SLUICE_ABORT_INCOMPLETE_DAYS", 2),
            keep_surround=_audio_channels(environ) == "source",
            triggers=_words(environ, "SLUICE_TRIGGERS", "video,metadata", ("video", "metadata")),
            metadata_prefix=environ.get("SLUICE_METADATA_PREFIX", "").strip() or "uploads/",
            video_extensions=_words(environ, "SLUICE_VIDEO_EXTENSIONS", "*"),
            metadata_extensions=_words(environ, "SLUICE_METADATA_EXTENSIONS", "json"),
            extra_source_bucket=environ.get("SLUICE_EXTRA_SOURCE_BUCKET", "").strip(),
            encoder=_encoder(environ),
            mediaconvert_role_arn=environ.get("SLUICE_MEDIACONVERT_ROLE_ARN", "").strip(),
            mediaconvert_endpoint=environ.get("SLUICE_MEDIACONVERT_ENDPOINT", "").strip(),
            job_templates=_job_templates(environ),
            input_rotate=_choice(environ, "SLUICE_INPUT_ROTATE", "auto", _ROTATIONS).upper(),
            accelerated_transcoding=_choice(
                environ, "SLUICE_ACCELERATED_TRANSCODING", "disabled", ("disabled", "preferred", "enabled")
            ).upper(),
            frame_capture=_choice(environ, "SLUICE_FRAME_CAPTURE", "off", ("on", "off")) == "on",
            archive_source=_choice(
                environ, "SLUICE_ARCHIVE_SOURCE", "disabled", ("disabled", "glacier", "deep_archive")
            ).upper(),
            mediapackage_group=environ.get("SLUICE_MEDIAPACKAGE_GROUP", "").strip(),
            mediapackage_role_arn=environ.get("SLUICE_MEDIAPACKAGE_ROLE_ARN", "").strip(),
            static_renditions=_static_renditions(environ),
            transfer_acceleration=_choice(environ, "SLUICE_TRANSFER_ACCELERATION", "off", ("on", "off")) == "on",
            master_access=_choice(environ, "SLUICE_MASTER_ACCESS", "on", ("on", "off")) == "on",
            playback_policy=_choice(environ, "SLUICE_PLAYBACK_POLICY", "public", ("public", "signed")),
            max_cost_per_asset_usd=_dollars(environ, "SLUICE_MAX_COST_PER_ASSET_USD"),
            monthly_budget_usd=_dollars(environ, "SLUICE_MONTHLY_BUDGET_USD"),
            url_ingest_allowlist=_hosts(environ, "SLUICE_URL_INGEST_ALLOWLIST"),
            fetch_queue_url=_text(environ, "SLUICE_FETCH_QUEUE_URL"),
            distribution_id=environ.get("SLUICE_DISTRIBUTION_ID", "").strip(),
            requests_per_minute=_request_limit(environ),
        )


def load_settings() -> Settings:
    """The settings of this process."""
    return Settings.from_env(os.environ)


def cors_origins(environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """The allowed browser origins; readable before anything else is set, because `chalice package` needs them."""
    text = (os.environ if environ is None else environ).get("SLUICE_CORS_ORIGINS", "*")
    return tuple(origin.strip().rstrip("/") for origin in text.split(",") if origin.strip()) or ("*",)


def _embed_origins(environ: Mapping[str, str]) -> tuple[str, ...]:
    """As frame-ancestors takes them: "none" is a word there, and an origin has no path that could end the directive."""
    found = tuple(
        word.strip().rstrip("/") for word in environ.get("SLUICE_EMBED_ORIGINS", "*").split(",") if word.strip()
    )
    for origin in found:
        if origin not in ("*", "none") and not _ORIGIN.fullmatch(origin):
            raise ConfigurationInvalid(f"SLUICE_EMBED_ORIGINS: {origin} is no origin", setting="SLUICE_EMBED_ORIGINS")
    if "none" in found or not found:
        return ("'none'",)
    return found


def access(environ: Mapping[str, str] | None = None) -> Access:
    """How callers prove who they are; readable before anything else is set, as routes carry it.

    Raises:
        ConfigurationInvalid: If the mode is none, or lacks its user pool.
    """
    given = os.environ if environ is None else environ
    mode = AuthMode(_choice(given, "SLUICE_AUTH", AuthMode.KEYS, [*AuthMode]))
    if mode is not AuthMode.COGNITO:
        return Access(mode)
    tokens = _choice(given, "SLUICE_COGNITO_TOKENS", "id", ("id", "access"))
    return Access(mode, _text(given, "SLUICE_COGNITO_USER_POOL_ARN"), access_tokens=tokens == "access")


def _text(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "").strip()
    if not value:
        raise ConfigurationInvalid(f"the environment variable {name} is not set", setting=name)
    return value


def _count(environ: Mapping[str, str], name: str, default: int, allowed: range | None = None) -> int:
    value = environ.get(name, "").strip() or str(default)
    if not value.isdecimal() or int(value) < 1:
        raise ConfigurationInvalid(f"the environment variable {name} is not a positive whole number", setting=name)
    if allowed is not None and int(value) not in allowed:
        between = f"from {allowed[0]} to {allowed[-1]}"
        raise ConfigurationInvalid(f"the environment variable {name} is not {between}", setting=name)
    return int(value)


def _request_limit(environ: Mapping[str, str]) -> int | None:
    name = "SLUICE_REQUESTS_PER_MINUTE"
    return _count(environ, name, 1, range(1, MOST_REQUESTS + 1)) if environ.get(name, "").strip() else None


def _dollars(environ: Mapping[str, str], name: str) -> Fraction | None:
    """A decimal number above nought; nothing for none."""
    value = environ.get(name, "").strip()
    if not value:
        return None
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value) or Fraction(value) == 0:
        raise ConfigurationInvalid(f"the environment variable {name} is not an amount of US dollars", setting=name)
    return Fraction(value)


def _choice(environ: Mapping[str, str], name: str, default: str, choices: Sequence[str]) -> str:
    value = environ.get(name, "").strip().lower() or default
    if value not in choices:
        raise ConfigurationInvalid(f"the environment variable {name} is none of {', '.join(choices)}", setting=name)
    return value


def _codecs(environ: Mapping[str, str]) -> tuple[str, ...]:
    name = "SLUICE_CODECS"
    wanted = [part.strip().lower() for part in (environ.get(name, "").strip() or CODECS[0]).split(",")]
    if not set(wanted) <= set(CODECS) or CODECS[0] not in wanted:
        known = ", ".join(CODECS)
        raise ConfigurationInvalid(f"the environment variable {name} is not h264 with any of {known}", setting=name)
    return tuple(codec for codec in CODECS if codec in wanted)


def _seconds(environ: Mapping[str, str], name: str, default: tuple[int, ...]) -> tuple[int, ...]:
    parts = [part.strip() for part in environ.get(name, "").split(",") if part.strip()]
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise ConfigurationInvalid(f"the environment variable {name} is not a list of seconds", setting=name)
    return tuple(int(part) for part in parts) or default


def _static_renditions(environ: Mapping[str, str]) -> tuple[str, ...]:
    name = "SLUICE_STATIC_RENDITIONS"
    wanted = {part.strip().lower() for part in environ.get(name, "").split(",") if part.strip()}
    if not wanted <= set(STATIC_RENDITIONS):
        known = ", ".join(STATIC_RENDITIONS)
        raise ConfigurationInvalid(f"the environment variable {name} is not a list of {known}", setting=name)
    return tuple(kind for kind in STATIC_RENDITIONS if kind in wanted)


def _ladder(environ: Mapping[str, str]) -> tuple[int, ...]:
    name = "SLUICE_LADDER"
    text = environ.get(name, "").strip() or "2160,1440,1080,720,480,360"
    heights = [part.strip() for part in text.split(",")]
    if not all(height.isdecimal() and int(height) > 0 for height in heights):
        raise ConfigurationInvalid(f"the environment variable {name} is not a list of heights", setting=name)
    return tuple(sorted({int(height) for height in heights}, reverse=True))


def _audio_channels(environ: Mapping[str, str]) -> str:
    name = "SLUICE_AUDIO_CHANNELS"
    text = environ.get(name, "").strip() or "stereo"
    if text not in ("stereo", "source"):
        raise ConfigurationInvalid(f"the environment variable {name} is neither stereo nor source", setting=name)
    return text


def _words(environ: Mapping[str, str], name: str, default: str, allowed: Sequence[str] = ()) -> tuple[str, ...]:
    """A list of words in lower case, in the order of `allowed` if only those are."""
    parts = (environ.get(name, "").strip() or default).lower().split(",")
    words = [word for part in parts if (word := part.strip().removeprefix("."))]
    if not words or (allowed and not set(words) <= set(allowed)):
        among = f" of {', '.join(allowed)}" if allowed else ""
        raise ConfigurationInvalid(f"the environment variable {name} is not a list{among}", setting=name)
    return tuple(each for each in (allowed or dict.fromkeys(words)) if each in words)


def _encoder(environ: Mapping[str, str]) -> str:
    """MediaConvert cannot be the only encoder where there is none."""
    name = "SLUICE_ENCODER"
    chosen = _choice(environ, name, "lambda", ("lambda", "mediaconvert", "auto"))
    if chosen == "mediaconvert" and not environ.get("SLUICE_MEDIACONVERT_ROLE_ARN", "").strip():
        raise ConfigurationInvalid(f"{name} is mediaconvert, but MediaConvert is off here", setting=name)
    return chosen


def _hosts(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    hosts = tuple(part.strip().lower() for part in environ.get(name, "").split(",") if part.strip())
    if not all(re.fullmatch(HOST_ENTRY, host) for host in hosts):
        raise ConfigurationInvalid(f"the environment variable {name} is not a list of hosts", setting=name)
    return hosts


def _job_templates(environ: Mapping[str, str]) -> tuple[str, str, str]:
    """Named as Video on Demand on AWS names those that it creates, after the stack."""
    name = "SLUICE_JOB_TEMPLATES"
    stage = environ.get("SLUICE_STAGE", "").strip()
    own = ",".join(f"{stage}_Ott_{height}p_Avc_Aac_16x9_qvbr_no_preset" for height in (2160, 1080, 720))
    named = [part.strip() for part in (environ.get(name, "").strip() or own).split(",")]
    if len(named) != 3 or not all(named):
        raise ConfigurationInvalid(f"the environment variable {name} is not a list of three names", setting=name)
    return named[0], named[1], named[2]
