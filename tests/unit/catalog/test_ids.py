"""Ids sort by time and are told apart from anything else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.catalog.ids import ASSET_PREFIX, ENTROPY_BYTES, UPLOAD_PREFIX, is_id, new_id

TIMES = st.integers(0, (1 << 48) - 1)
ENTROPY = st.binary(min_size=ENTROPY_BYTES, max_size=ENTROPY_BYTES)


@given(TIMES, TIMES, ENTROPY, ENTROPY)
def test_ids_sort_by_time(first_ms: int, second_ms: int, first: bytes, second: bytes) -> None:
    """An id made later sorts later, whatever its chance part."""
    if first_ms < second_ms:
        assert new_id(ASSET_PREFIX, first_ms, first) < new_id(ASSET_PREFIX, second_ms, second)


@given(TIMES, ENTROPY)
def test_an_id_is_known_by_its_prefix(now_ms: int, entropy: bytes) -> None:
    """Every id made with a prefix is an id of that prefix, and of no other."""
    made = new_id(ASSET_PREFIX, now_ms, entropy)
    assert is_id(made, ASSET_PREFIX)
    assert not is_id(made, UPLOAD_PREFIX)


def test_the_ulid_of_the_specification() -> None:
    """The specification's own example: 1469918176385 ms is 01ARYZ6S41."""
    assert new_id(ASSET_PREFIX, 1469918176385, bytes(10)) == "as_01aryz6s41" + "0" * 16


@pytest.mark.parametrize(
    "text", ["", "as_", "as_01", "as_" + "u" * 26, "as_8" + "0" * 25, "AS_" + "0" * 26, "as_" + "0" * 27]
)
def test_other_text_is_no_id(text: str) -> None:
    """Wrong length, wrong letters, and more than 128 bits are refused."""
    assert not is_id(text, ASSET_PREFIX)


def test_entropy_of_another_length_is_refused() -> None:
    """An id never holds less chance than it says."""
    with pytest.raises(ValueError, match="entropy"):
        new_id(ASSET_PREFIX, 0, b"short")
