"""How a file is cut into parts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.catalog.upload import MIB, PART_MIN_BYTES, PARTS_MAX, SINGLE_PUT_MAX_BYTES, part_count, part_size
from tests.unit.catalog.samples import an_upload

S3_MAX_BYTES = 5 * 1024**4


@given(st.integers(SINGLE_PUT_MAX_BYTES + 1, S3_MAX_BYTES))
def test_parts_keep_within_the_limits_of_s3(size_bytes: int) -> None:
    """Any size S3 takes gives at most 10,000 parts of 8 MiB to 5 GiB that together hold the file."""
    part_bytes = part_size(size_bytes)
    assert part_bytes is not None
    count = part_count(an_upload(size_bytes=size_bytes, part_size_bytes=part_bytes))
    assert PART_MIN_BYTES <= part_bytes <= 5 * 1024**3
    assert part_bytes % MIB == 0
    assert count <= PARTS_MAX
    assert (count - 1) * part_bytes < size_bytes <= count * part_bytes


def test_small_files_take_one_put() -> None:
    """Up to 64 MiB there are no parts."""
    assert part_size(SINGLE_PUT_MAX_BYTES) is None
    assert part_count(an_upload(size_bytes=SINGLE_PUT_MAX_BYTES)) == 0
