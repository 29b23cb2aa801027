"""The receipt of a chunk: written last, so its presence says that the chunk is stored whole, and under which plan."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.canonical import canonical_bytes, parse_canonical


@dataclass(frozen=True, slots=True)
class CompositionReceipt:
    """`sha256` and `size_bytes` are of the chunk's file; `frames_sha256` is over its captured frames, before encoding.

    Two renders of one plan have the same `frames_sha256`, whatever the encoder does. `frames_read` is how many of the
    frames were read out of the browser's memory; the others came as screenshots, which are the same.
    """

    plan_hash: str
    index: int
    frames: int
    size_bytes: int
    sha256: str
    frames_sha256: str
    frames_read: int


def receipt_bytes(receipt: CompositionReceipt) -> bytes:
    return canonical_bytes(receipt)


def parse_receipt(data: bytes) -> CompositionReceipt:
    """Raises msgspec.ValidationError if it is none."""
    return parse_canonical(data, CompositionReceipt)
