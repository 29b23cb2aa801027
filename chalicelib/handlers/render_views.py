"""Sites and renders as the API shows them (API.md), and the API's names for the fields of a Config."""

from __future__ import annotations

from chalicelib.catalog.asset import Work
from chalicelib.catalog.events import rfc3339
from chalicelib.catalog.render import Render, output_expires_at_ms, percent_rendered
from chalicelib.catalog.site import CHECKSUM_HEADER, Site, checksum_of, site_id
from chalicelib.composition.formats import Format, output_kind
from chalicelib.handlers.views import View, cost_view, seconds, usd

CONFIG_NAMES = {
    "composition": "entryFile",
    "variables": "variables",
    "width": "width",
    "height": "height",
    "fps": "fps",
    "format": "format",
    "codec": "codec",
    "quality": "quality",
    "crf": "crf",
    "bitrate": "bitrate",
    "frame": "frame",
    "frame_range": "frameRange",
    "chunk_frames": "chunkSize",
    "max_parallel": "maxParallelChunks",
}
"""Field of POST /v1/renders -> field of the Config."""


def site_view(site: Site, url: str | None, expires_at_ms: int) -> View:
    """`url` is where to PUT the archive; None for one that is stored."""
    upload = {
        "method": "PUT",
        "url": url,
        "headers": {CHECKSUM_HEADER: checksum_of(site.sha256)},
        "expires_at": rfc3339(expires_at_ms),
    }
    return {
        "id": site_id(site.sha256),
        "sha256": site.sha256,
        "size": site.size_bytes,
        "status": "waiting" if url else "stored",
        "upload": upload if url else None,
    }


def render_view(render: Render, work: Work, url: str | None) -> View:
    """`url` is of the output, while there is one."""
    return {
        "id": render.id,
        "status": render.status,
        "site_id": site_id(render.site_sha256),
        "created_at": rfc3339(render.created_at_ms),
        "updated_at": rfc3339(render.updated_at_ms),
        "started_at": _time_or_none(render.started_at_ms),
        "finished_at": _time_or_none(render.finished_at_ms),
        "progress": {
            "percent": percent_rendered(render, work),
            "frames_done": min(work.frames_done, render.total_frames),
            "frames_total": render.total_frames,
            "chunks_done": work.tasks_done,
            "chunks_total": render.chunk_count,
            "updated_at": rfc3339(max(render.updated_at_ms, work.updated_at_ms or 0)),
        },
        "width": render.width,
        "height": render.height,
        "fps": round(float(render.frame_rate), 3) if render.frame_rate else None,
        "duration": seconds(render.duration),
        "options": {name: render.config.get(field) for name, field in CONFIG_NAMES.items()},
        "output": _output_view(render, url),
        "attempt": render.attempt,
        "webhook_id": render.webhook_id,
        "max_cost_usd": usd(render.max_cost_usd) if render.max_cost_usd is not None else None,
        "cost": cost_view(work),
        "errors": [{"code": error.code, "message": error.message} for error in render.errors],
        "warnings": [{"code": each.code, "message": each.message} for each in render.warnings],
    }


def _output_view(render: Render, url: str | None) -> View | None:
    expires_at_ms = output_expires_at_ms(render)
    if expires_at_ms is None:
        return None
    format = Format(render.config.get("format", Format.MP4))
    return {
        "url": url,
        "format": format,
        "content_type": output_kind(format).content_type,
        "size": render.output_size_bytes,
        "expires_at": rfc3339(expires_at_ms),
    }


def _time_or_none(at_ms: int | None) -> str | None:
    return None if at_ms is None else rfc3339(at_ms)
