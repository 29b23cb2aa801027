"""Canonical JSON: one sequence of bytes for one value, so that a hash of it stands for the value.

A Fraction is the text "n/d"; keys are sorted; dataclasses and structs are objects of their fields.
"""

from __future__ import annotations

import hashlib
from fractions import Fraction
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def canonical_bytes(value: object) -> bytes:
    return msgspec.json.encode(value, enc_hook=_encode, order="deterministic")


def canonical_hash(value: object) -> str:
    """Sha-256 of the canonical JSON, 64 hex digits."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()


def parse_canonical(data: bytes, kind: type[T]) -> T:
    """Read back what `canonical_bytes` wrote.

    Raises:
        msgspec.ValidationError: If the document is not of this kind.
    """
    return msgspec.json.decode(data, type=kind, dec_hook=_decode)


def _encode(value: Any) -> Any:
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    raise TypeError(f"canonical JSON cannot hold {type(value).__name__}")


def _decode(kind: type, value: Any) -> Any:
    if kind is Fraction:
        return Fraction(value)
    raise TypeError(f"canonical JSON cannot hold {kind.__name__}")
