"""The settings of a deployment, and the only reader of the environment.

Names of resources come from the stack and have no default: a function that lacks one fails at once, by name. Numbers
have the defaults of API.md.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chalicelib.errors import ConfigurationInvalid

GIB = 1024**3
WEBHOOK_RETRY_S = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""As Standard Webhooks proposes: ten attempts within 75 hours and 35 minutes."""
CODECS = ("h264", "hevc", "av1")
STATIC_RENDITIONS = ("mp4", "m4a", "gif", "avif")


@dataclass(frozen=True, slots=True)
class Settings:
    """One deployment.

    Attributes:
        public_base_url: Origin that serves the media bucket and the player, without a trailing slash; empty when
            nothing serves it, and then the API gives keys but no playback URLs.
        upload_max_bytes: Largest source taken. A worker keeps the source on its disk, 10 GiB at most on Lambda.
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
        webhook_loopback: Whether webhooks may name this very machine: on the local AWS.
        static_renditions: Types of static renditions that are made of every asset.
        master_access: Whether the API gives out URLs of sources.
        cors_origins: Browser origins allowed to call the API, or ("*",).
    """

    stage: str
    table: str
    source_bucket: str
    media_bucket: str
    encode_queue_url: str
    publish_state_machine_arn: str
    events_queue_url: str
    webhook_queue_url: str
    notify_topic_arn: str
    notify_queue_url: str
    event_bus: str
    webhook_retry_s: tuple[int, ...]
    webhook_loopback: bool
    rendition_state_machine_arn: str
    public_base_url: str
    upload_max_bytes: int
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
    abort_incomplete_days: int
    keep_surround: bool
    static_renditions: tuple[str, ...]
    master_access: bool

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
            events_queue_url=_text(environ, "SLUICE_EVENTS_QUEUE_URL"),
            webhook_queue_url=_text(environ, "SLUICE_WEBHOOK_QUEUE_URL"),
            notify_topic_arn=environ.get("SLUICE_NOTIFY_TOPIC_ARN", "").strip(),
            notify_queue_url=environ.get("SLUICE_NOTIFY_QUEUE_URL", "").strip(),
            event_bus=environ.get("SLUICE_EVENT_BUS", "").strip(),
            webhook_retry_s=_seconds(environ, "SLUICE_WEBHOOK_RETRY_SECONDS", WEBHOOK_RETRY_S),
            webhook_loopback=_choice(environ, "SLUICE_WEBHOOK_LOOPBACK", "off", ("on", "off")) == "on",
            rendition_state_machine_arn=_text(environ, "SLUICE_RENDITION_STATE_MACHINE_ARN"),
            public_base_url=environ.get("SLUICE_PUBLIC_BASE_URL", "").rstrip("/"),
            upload_max_bytes=_count(environ, "SLUICE_UPLOAD_MAX_BYTES", 8 * GIB),
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
            abort_incomplete_days=_count(environ, "SLUICE_ABORT_INCOMPLETE_DAYS", 2),
            keep_surround=_audio_channels(environ) == "source",
            static_renditions=_static_renditions(environ),
            master_access=_choice(environ, "SLUICE_MASTER_ACCESS", "on", ("on", "off")) == "on",
        )


def load_settings() -> Settings:
    """The settings of this process."""
    return Settings.from_env(os.environ)


def cors_origins(environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """The allowed browser origins; readable before anything else is set, because `chalice package` needs them."""
    text = (os.environ if environ is None else environ).get("SLUICE_CORS_ORIGINS", "*")
    return tuple(origin.strip().rstrip("/") for origin in text.split(",") if origin.strip()) or ("*",)


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
