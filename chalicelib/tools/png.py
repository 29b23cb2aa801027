"""PNG pictures, decoded: the ffmpeg of the layer is built without zlib and cannot."""

from __future__ import annotations

import io

from chalicelib.errors import ChunkInexact


def rgba(png: bytes, width: int, height: int) -> bytes:
    """The pixels of a picture, four bytes each, row by row.

    Raises:
        ChunkInexact: If it has another size.
    """
    # Imported here: most functions that import the tools never see a PNG.
    from PIL import Image

    with Image.open(io.BytesIO(png), formats=("PNG",)) as picture:
        if picture.size != (width, height):
            raise ChunkInexact("a frame has another size than the plan", size=picture.size, planned=(width, height))
        return picture.convert("RGBA").tobytes()
