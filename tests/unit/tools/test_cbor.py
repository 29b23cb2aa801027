"""The protocol's binary form."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.tools import cbor
from chalicelib.tools.cbor import ENVELOPE_HEADER_BYTES, decode, message_bytes

LEAVES = st.none() | st.booleans() | st.integers(-(2**31), 2**31 - 1) | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    LEAVES | st.binary(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


def encode(value: Any) -> bytes:
    """All pieces."""
    return b"".join(cbor.encode(value))


@given(VALUES)
def test_values_survive_a_round_trip(value: Any) -> None:
    """Text of any script, bytes, numbers, nested lists and maps."""
    assert decode(encode(value)) == value


@given(st.dictionaries(st.text(), VALUES, min_size=1))
def test_a_message_says_its_length(message: dict[str, Any]) -> None:
    """So that a stream can be cut."""
    encoded = encode(message)
    assert message_bytes(encoded[:ENVELOPE_HEADER_BYTES]) == len(encoded)


def test_the_bytes_are_chromium_s() -> None:
    """One message by hand: an envelope, an indefinite map, ASCII as text, other scripts as UTF-16, binary tagged."""
    parts = ("d8185a00000010", "bf", "626964", "01", "6178", "42e900", "6162", "d64100", "ff")
    assert encode({"id": 1, "x": "é", "b": b"\x00"}) == bytes.fromhex("".join(parts))


def test_a_picture_is_not_copied() -> None:
    """It is a piece of its own, the very object, between what goes before and behind it."""
    picture = bytes(1 << 16)
    before, body, behind = cbor.encode({"id": 7, "params": {"body": picture, "more": [b"small"]}})
    assert body is picture
    assert decode(before + body + behind)["params"]["more"] == [b"small"]


@pytest.mark.parametrize("data", [b"", b"\xd8\x18\x5a\x00\x00\x00\x05\xbf", b"\x1f", b"\x7a\x00\x00\x00\x05a"])
def test_what_is_cut_short_is_refused(data: bytes) -> None:
    """Never an endless loop, never half a message."""
    with pytest.raises(ValueError, match=r"message|length"):
        decode(data)


def test_a_stream_out_of_step_is_noticed() -> None:
    """A message begins with an envelope."""
    with pytest.raises(ValueError, match="start of a message"):
        message_bytes(b"HTTP/1.")
