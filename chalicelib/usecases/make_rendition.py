"""Make a static rendition of what has been published: the source is not needed, and may be gone.

Whole files are joined, not encoded: the samples of the stream, bit by bit, behind an index of their own. How clips are
cut is in rendition_cuts.py.

Media is streamed from S3 to S3: what is held is an index, a few GOPs and one part. Only what an encoder reads and
writes is on the disk. The record is written last, and only if it is still there; what was made for another is removed.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.catalog.asset import AssetStatus
from chalicelib.catalog.rendition import (
    PREVIEWS,
    RenditionChange,
    RenditionStatus,
    RenditionType,
    RenditionWish,
    StaticRendition,
)
from chalicelib.errors import RenditionNotFound, WorkSuperseded
from chalicelib.media.rendition_commands import FRAMES_NAME, preview_command, webp_arguments
from chalicelib.media.single_file import AUDIO_BRANDS, VIDEO_BRANDS, single_file
from chalicelib.usecases.published import Place, read_places
from chalicelib.usecases.rendition_cuts import EXCERPT_NAME, Bench, Cut, cut_pictures, cut_sound, found
from chalicelib.usecases.source_cache import scratch_folder
from chalicelib.usecases.withdraw import withdraw_if_given_up
from chalicelib.usecases.workbench import IMMUTABLE

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.aws.table import Table
    from chalicelib.settings import Settings
    from chalicelib.tools import Tools
    from chalicelib.usecases.progress import Clock

logger = logging.getLogger(__name__)

_PREPARING = frozenset({RenditionStatus.PREPARING})


def make_rendition(
    asset_id: str,
    rendition_id: str,
    created_at_ms: int,
    objects: Objects,
    table: Table,
    tools: Tools,
    settings: Settings,
    *,
    deadline: float,
    clock: Clock,
) -> dict[str, object]:
    """Make and store the file, unless that is done.

    Args:
        created_at_ms: Which record of this id is meant: it may have been deleted and made anew.
        deadline: On the clock of time.monotonic().

    Raises:
        WorkSuperseded: If the rendition or its asset is gone; nothing of it is left then.
        RenditionUnsuitable: If the publication has not what it takes.
    """
    rendition = _wanted(asset_id, rendition_id, created_at_ms, table)
    asset = table.get_asset(asset_id)
    if rendition.status is RenditionStatus.PREPARING and asset.status is not AssetStatus.DELETED:
        with scratch_folder() as folder:
            bench = Bench(rendition, asset, folder, deadline, tools, objects, settings.media_bucket)
            size_bytes = _make(bench)
        ready = RenditionChange(status=RenditionStatus.READY, size_bytes=size_bytes)
        if table.update_rendition(rendition, ready, expect=_PREPARING, now_ms=clock()) is None:
            _withdraw_if_gone(rendition, objects, table, settings)
        event = {"event": "rendition.ready", "rendition_id": rendition_id, "size_bytes": size_bytes}
        logger.info("rendition ready", extra=event)
    withdraw_if_given_up(asset_id, objects, table, settings)
    return {"AssetId": asset_id, "RenditionId": rendition_id, "Key": rendition.key}


def _wanted(asset_id: str, rendition_id: str, created_at_ms: int, table: Table) -> StaticRendition:
    with suppress(RenditionNotFound):
        rendition = table.get_rendition(asset_id, rendition_id)
        if rendition.created_at_ms == created_at_ms:
            return rendition
    raise WorkSuperseded("the rendition is gone", asset_id=asset_id, rendition_id=rendition_id)


def _withdraw_if_gone(rendition: StaticRendition, objects: Objects, table: Table, settings: Settings) -> None:
    """Another run may have been first; then the file is wanted."""
    try:
        _wanted(rendition.asset_id, rendition.id, rendition.created_at_ms, table)
    except WorkSuperseded:
        objects.delete(settings.media_bucket, rendition.key)
        raise


def _make(bench: Bench) -> int:
    """Returns the size of the stored file in bytes."""
    wish = bench.rendition.wish
    if wish.type in PREVIEWS:
        return _store_preview(bench, wish)
    cuts: list[Cut] = []
    if wish.type is RenditionType.MP4:
        # Sound is cut where the picture is: on the frame.
        pictures, wish = cut_pictures(bench, wish)
        cuts.append(pictures)
    if any(track.channels for track in bench.asset.tracks):
        cuts += cut_sound(bench, wish)
    return _store_joined(bench, cuts, VIDEO_BRANDS if wish.type is RenditionType.MP4 else AUDIO_BRANDS)


def _store_joined(bench: Bench, cuts: Sequence[Cut], brands: bytes) -> int:
    file = single_file([cut.track for cut in found(cuts)], brands)
    places: list[Place | bytes] = [file.head, *(cuts[track].places[piece] for track, piece in file.layout)]
    bench.objects.write_stream(
        bench.bucket,
        bench.rendition.key,
        bench.in_time(read_places(places, bench.objects, bench.bucket)),
        size_bytes=file.size_bytes,
        content_type=bench.rendition.wish.type.content_type,
        cache_control=IMMUTABLE,
    )
    return file.size_bytes


def _store_preview(bench: Bench, wish: RenditionWish) -> int:
    track = bench.published(str(wish.rung))
    end = track.duration if wish.end is None else min(wish.end, track.duration)
    begins = bench.excerpt(track, found(track.covering(wish.start, end)))
    name = f"preview.{wish.type}"
    is_webp = wish.type is RenditionType.WEBP
    output, fps = FRAMES_NAME if is_webp else name, wish.fps or 0
    command = preview_command(EXCERPT_NAME, output, begins, wish.start, end, width=wish.width or 0, fps=fps)
    bench.run(command.arguments)
    if is_webp:
        pictures = sorted(path.name for path in bench.folder.glob(f"*{Path(FRAMES_NAME).suffix}"))
        bench.run(webp_arguments(found(pictures), name, fps), program=bench.tools.img2webp)
    made = bench.folder / name
    bench.objects.write(
        bench.bucket,
        bench.rendition.key,
        made,
        content_type=wish.type.content_type,
        cache_control=IMMUTABLE,
    )
    return made.stat().st_size
