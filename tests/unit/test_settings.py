"""Settings come from the environment, or fail by name."""

from __future__ import annotations

from fractions import Fraction

import pytest

from chalicelib.errors import ConfigurationInvalid
from chalicelib.settings import GIB, Settings, cors_origins
from tests.fakes import settings

NAMES = {
    "SLUICE_STAGE": "sluice-dev",
    "SLUICE_TABLE": "sluice-dev",
    "SLUICE_SOURCE_BUCKET": "source",
    "SLUICE_MEDIA_BUCKET": "media",
    "SLUICE_ENCODE_QUEUE_URL": "https://queue",
    "SLUICE_PUBLISH_STATE_MACHINE_ARN": "arn:aws:states:::stateMachine:x",
    "SLUICE_RENDER_STATE_MACHINE_ARN": "arn:aws:states:::stateMachine:z",
    "SLUICE_EVENTS_QUEUE_URL": "https://queue/events",
    "SLUICE_FETCH_QUEUE_URL": "https://queue/fetch",
    "SLUICE_WEBHOOK_QUEUE_URL": "https://queue/webhooks",
    "SLUICE_RENDITION_STATE_MACHINE_ARN": "arn:aws:states:::stateMachine:y",
}


def test_defaults_are_those_of_the_api_document() -> None:
    """With nothing but names set, the numbers are the documented ones."""
    settings = Settings.from_env(NAMES)
    assert (settings.upload_max_bytes, settings.project_max_bytes) == (8 * GIB, GIB // 2)
    assert (settings.upload_ttl_s, settings.presign_ttl_s, settings.abort_incomplete_days) == (3600, 900, 2)
    assert (settings.segment_seconds, settings.chunk_seconds) == (6, 12)
    assert settings.ladder == (2160, 1440, 1080, 720, 480, 360)
    assert (settings.codecs, settings.quality) == (("h264",), "balanced")
    assert (settings.max_frame_rate, settings.prune_ladder) == (60, True)
    assert settings.cors_origins == ("*",)
    assert (settings.static_renditions, settings.master_access) == ((), True)
    assert settings.public_base_url == ""
    assert (settings.notify_topic_arn, settings.notify_queue_url, settings.event_bus) == ("", "", "")
    assert (len(settings.webhook_retry_s), sum(settings.webhook_retry_s) // 3600) == (9, 75)
    assert not settings.webhook_loopback


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_missing_name_is_named(name: str) -> None:
    """A resource's name has no default."""
    with pytest.raises(ConfigurationInvalid, match=name):
        Settings.from_env({**NAMES, name: " "})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SLUICE_UPLOAD_TTL_S", "0"),
        ("SLUICE_CHUNK_SECONDS", "1.5"),
        ("SLUICE_LADDER", "720p,480"),
        ("SLUICE_AUDIO_CHANNELS", "5.1"),
        ("SLUICE_CODECS", "hevc"),
        ("SLUICE_CODECS", "h264,vp9"),
        ("SLUICE_QUALITY", "best"),
        ("SLUICE_MAX_FRAME_RATE", "1000"),
        ("SLUICE_PRUNE_LADDER", "yes"),
        ("SLUICE_WEBHOOK_RETRY_SECONDS", "5,0"),
        ("SLUICE_WEBHOOK_LOOPBACK", "yes"),
        ("SLUICE_NOTIFY_SHAPE", "aws"),
        ("SLUICE_STATIC_RENDITIONS", "mp4,webm"),
        ("SLUICE_MASTER_ACCESS", "admins"),
        ("SLUICE_EMBED_ORIGINS", "https://a; script-src *"),
    ],
)
def test_a_malformed_value_is_named(name: str, value: str) -> None:
    """A number that is none is refused at the start, not at its first use."""
    with pytest.raises(ConfigurationInvalid, match=name):
        Settings.from_env({**NAMES, name: value})


def test_lists_are_cleaned() -> None:
    """The ladder is sorted and without repeats; origins lose spaces and slashes."""
    settings = Settings.from_env({**NAMES, "SLUICE_LADDER": "360, 720,360", "SLUICE_PUBLIC_BASE_URL": "https://a/"})
    assert settings.ladder == (720, 360)
    assert settings.public_base_url == "https://a"
    assert Settings.from_env({**NAMES, "SLUICE_CODECS": "AV1, h264"}).codecs == ("h264", "av1")
    assert cors_origins({"SLUICE_CORS_ORIGINS": "https://a/, https://b"}) == ("https://a", "https://b")


@pytest.mark.parametrize(
    ("value", "allowed"),
    [
        ("", ("'none'",)),
        ("none", ("'none'",)),
        ("*", ("*",)),
        ("https://a/, https://*.b:8443", ("https://a", "https://*.b:8443")),
    ],
)
def test_who_may_frame_the_player(value: str, allowed: tuple[str, ...]) -> None:
    """Origins as frame-ancestors takes them, and nothing that could end the directive."""
    assert Settings.from_env({**NAMES, "SLUICE_EMBED_ORIGINS": value}).embed_origins == allowed


@pytest.mark.parametrize(("value", "kept"), [("", False), ("stereo", False), ("source", True)])
def test_surround_is_kept_by_setting(value: str, kept: bool) -> None:
    """Stereo is for every player; 5.1 beside it costs more."""
    assert Settings.from_env({**NAMES, "SLUICE_AUDIO_CHANNELS": value}).keep_surround is kept


def test_amounts_are_exact_or_none() -> None:
    """As they are written; nothing is no limit, and nought or a word is refused."""
    settings = Settings.from_env({**NAMES, "SLUICE_MONTHLY_BUDGET_USD": "10.1"})
    assert (settings.monthly_budget_usd, settings.max_cost_per_asset_usd) == (Fraction(101, 10), None)
    for wrong in ("0", "-1", "1e3", "much"):
        with pytest.raises(ConfigurationInvalid, match="SLUICE_MONTHLY_BUDGET_USD"):
            Settings.from_env({**NAMES, "SLUICE_MONTHLY_BUDGET_USD": wrong})


def test_the_region_is_the_state_machines() -> None:
    """No variable of its own: an ARN that every function has names it."""
    arn = "arn:aws-cn:states:cn-north-1:123456789012:stateMachine:sluice-dev-publish"
    assert settings(publish_state_machine_arn=arn).region == "cn-north-1"
