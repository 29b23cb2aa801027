"""The storyboard: a WebVTT file of thumbnails (W3C WebVTT 6.1, media fragments xywh) over the sprites of the chunks.

Each chunk drew its own tiles, from its first frame on and one every `tile_interval_frames`, in rows of `columns`. A cue
lasts until the next tile, the last one until the end, so every moment has a picture.
"""

from __future__ import annotations

from fractions import Fraction

from chalicelib.media.decimals import clock, nearest
from chalicelib.media.names import sprite_name
from chalicelib.media.plan import VideoPlan


def storyboard_vtt(video: VideoPlan, duration: Fraction) -> str:
    """The storyboard of a video; `duration` is the seconds until the presentation ends."""
    stills = video.stills
    starts_ms: list[int] = []
    pictures: list[str] = []
    for chunk in video.chunks:
        for tile in range(video.tiles_of(chunk)):
            frame = chunk.start_frame + tile * stills.tile_interval_frames
            row, column = divmod(tile, stills.columns)
            area = (column * stills.tile_width, row * stills.tile_height, stills.tile_width, stills.tile_height)
            starts_ms.append(nearest(frame / video.frame_rate * 1000))
            pictures.append(f"{sprite_name(chunk.index)}#xywh={','.join(map(str, area))}")
    ends_ms = [*starts_ms[1:], nearest(duration * 1000)]
    cues = [
        f"{clock(start)} --> {clock(end)}\n{picture}\n"
        for start, end, picture in zip(starts_ms, ends_ms, pictures, strict=False)
        if start < end
    ]
    return "\n".join(["WEBVTT\n", *cues])
