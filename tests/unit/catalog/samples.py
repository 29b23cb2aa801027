"""Records with every field filled, for tests to change."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

from chalicelib.catalog.asset import (
    Asset,
    AssetError,
    AssetStatus,
    AudioInfo,
    ProgressState,
    RenditionInfo,
    SourceInfo,
    TextInfo,
    TrackInfo,
    TrackType,
    VideoInfo,
)
from chalicelib.catalog.ids import ASSET_PREFIX, RENDER_PREFIX, UPLOAD_PREFIX, new_id
from chalicelib.catalog.keys import render_output_key, upload_key
from chalicelib.catalog.render import Render, RenderError, RenderStatus
from chalicelib.catalog.rendition import (
    RenditionStatus,
    RenditionType,
    RenditionWish,
    StaticRendition,
    rendition_id,
)
from chalicelib.catalog.upload import Upload, UploadStatus
from chalicelib.media.plan import Rendition

NOW_MS = 1_800_000_000_000
ASSET_ID = new_id(ASSET_PREFIX, NOW_MS, bytes(10))
UPLOAD_ID = new_id(UPLOAD_PREFIX, NOW_MS, bytes(10))
RENDER_ID = new_id(RENDER_PREFIX, NOW_MS, bytes(10))
PLAN_HASH = "ab" * 32
SITE_SHA256 = "cd" * 32


def an_asset(**changes: Any) -> Asset:
    full = Asset(
        id=ASSET_ID,
        status=AssetStatus.PREPARING,
        state=ProgressState.ENCODING,
        created_at_ms=NOW_MS,
        updated_at_ms=NOW_MS,
        source_bucket="source",
        source_key=upload_key(ASSET_ID),
        upload_id=UPLOAD_ID,
        source_etag="0cc175b9c0f1b6a831c399e269772661",
        source_size_bytes=123_456,
        filename="Übung 1.mp4",
        content_type="video/mp4",
        duration=Fraction(30030, 1001),
        aspect_ratio="16:9",
        source_info=SourceInfo(
            container="mp4",
            video=VideoInfo("avc", 1920, 1080, 90, Fraction(30000, 1001)),
            audio=(AudioInfo("aac", 2, 48000, "en"),),
            text=(TextInfo("PGS", "en", bitmap=True),),
        ),
        renditions=(RenditionInfo("720p", 1280, 720, 2_800_000, Rendition("720p", 1280, 720, 23, 2_500_000)),),
        tracks=(
            TrackInfo(TrackType.AUDIO, "en", "English", channels=2, default=True),
            TrackInfo(TrackType.TEXT, "fr", "fr", forced=True, key="media/a/b/text/subtitles.vtt"),
        ),
        hls_key="media/a/b/index.m3u8",
        dash_key="media/a/b/manifest.mpd",
        poster_key="media/a/b/poster.jpg",
        storyboard_key="media/a/b/storyboard.vtt",
        plan_hash=PLAN_HASH,
        task_count=16,
        execution_arn="arn:aws:states:us-east-1:000000000000:execution:test-publish:one",
        attempt=2,
        errors=(AssetError("not-a-video", "no track was found"),),
        passthrough="order 7",
        meta={"a": [1, 2.5, None], "b": {"c": True}},
        has_static_renditions=1,
    )
    return replace(full, **changes)


def a_rendition(**changes: Any) -> StaticRendition:
    wish = RenditionWish(RenditionType.MP4, "720p", Fraction(3, 2), Fraction(20))
    full = StaticRendition(
        id=rendition_id(ASSET_ID, PLAN_HASH, wish),
        asset_id=ASSET_ID,
        plan_hash=PLAN_HASH,
        wish=wish,
        status=RenditionStatus.PREPARING,
        created_at_ms=NOW_MS,
        updated_at_ms=NOW_MS,
    )
    return replace(full, **changes)


def an_upload(**changes: Any) -> Upload:
    full = Upload(
        id=UPLOAD_ID,
        asset_id=ASSET_ID,
        status=UploadStatus.WAITING,
        bucket="source",
        key=upload_key(ASSET_ID),
        filename="clip.mp4",
        content_type="video/mp4",
        size_bytes=100,
        part_size_bytes=None,
        multipart_id=None,
        created_at_ms=NOW_MS,
        updated_at_ms=NOW_MS,
        expires_at_ms=NOW_MS + 3_600_000,
    )
    return replace(full, **changes)


def a_render(**changes: Any) -> Render:
    full = Render(
        id=RENDER_ID,
        status=RenderStatus.RENDERING,
        created_at_ms=NOW_MS,
        updated_at_ms=NOW_MS,
        site_sha256=SITE_SHA256,
        output_key=render_output_key(RENDER_ID, ".mp4"),
        config={"fps": "30000/1001", "format": "mp4", "variables": {"a": [1, None]}},
        max_cost_usd=Fraction("0.25"),
        execution_arn="arn:aws:states:us-east-1:000000000000:execution:test-render:one",
        attempt=2,
        plan_hash=PLAN_HASH,
        chunk_count=4,
        total_frames=100,
        frame_rate=Fraction(30000, 1001),
        width=1280,
        height=720,
        duration=Fraction(1001, 300),
        output_size_bytes=12_345,
        started_at_ms=NOW_MS + 1,
        finished_at_ms=NOW_MS + 2,
        errors=(RenderError("invalid-project", "there is no index.html"),),
    )
    return replace(full, **changes)
