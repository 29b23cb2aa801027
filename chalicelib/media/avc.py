"""What an H.264 stream says of itself: the decoder configuration record and the first sequence parameter set.

Read to decide whether every player can show the stream as it is; never to decode. ISO/IEC 14496-15 5.3.3 (the record),
ITU-T H.264 7.3.2.1.1 and E.1.1 (the set).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from chalicelib.errors import CopyUnsuitable

BASELINE, MAIN, HIGH = 66, 77, 100
_WITH_CHROMA = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_CONSTRAINED = 0x40
_EXTENDED_SAR = 255
_IDR_SLICE = 5
_MAX_EXP_GOLOMB_ZEROS = 32
_MAX_SIDE = 16_384
_SAMPLE_ASPECT_RATIOS = {
    number: Fraction(width, height)
    for number, (width, height) in enumerate(
        (
            *((1, 1), (12, 11), (10, 11), (16, 11), (40, 33), (24, 11), (20, 11), (32, 11)),
            *((80, 33), (18, 11), (15, 11), (64, 33), (160, 99), (4, 3), (3, 2), (2, 1)),
        ),
        1,
    )
}


@dataclass(frozen=True, slots=True)
class AvcStream:
    """The facts of a stream.

    Attributes:
        nal_length_bytes: Width of the length before each NAL unit of a sample.
        chroma_format: 1 is 4:2:0.
        transfer: transfer_characteristics; 2 is unspecified.
    """

    profile: int
    is_constrained: bool
    nal_length_bytes: int
    width: int
    height: int
    chroma_format: int
    bit_depth: int
    is_progressive: bool
    sample_aspect_ratio: Fraction
    transfer: int


def read_configuration(record: bytes) -> AvcStream:
    """Read an AVCDecoderConfigurationRecord, the content of an `avcC` box.

    Raises:
        CopyUnsuitable: If it is cut off, or holds no sequence parameter set.
    """
    if len(record) < 8 or record[5] & 0x1F == 0:
        raise CopyUnsuitable("the decoder configuration holds no parameter set")
    length = int.from_bytes(record[6:8], "big")
    unit = record[8 : 8 + length]
    if length < 4 or len(unit) < length:
        raise CopyUnsuitable("the decoder configuration is cut off")
    return _sequence(_Bits(unit[1:].replace(b"\0\0\3", b"\0\0")), (record[4] & 3) + 1)


def begins_with_idr(sample: bytes | memoryview, nal_length_bytes: int) -> bool:
    """Whether the first slice of a sample is one that needs nothing before it."""
    position = 0
    while position + nal_length_bytes < len(sample):
        length = int.from_bytes(sample[position : position + nal_length_bytes], "big")
        kind = sample[position + nal_length_bytes] & 0x1F
        if 1 <= kind <= _IDR_SLICE:
            return kind == _IDR_SLICE
        position += nal_length_bytes + length
    return False


class _Bits:
    """Bits from the highest on; reading past the end is malformed."""

    __slots__ = ("_left", "_number")

    def __init__(self, data: bytes) -> None:
        self._number = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise CopyUnsuitable("the sequence parameter set is cut off")
        return self._number >> self._left & (1 << count) - 1

    def flag(self) -> bool:
        return self.take(1) == 1

    def golomb(self) -> int:
        """ue(v) (9.1)."""
        zeros = 0
        while not self.flag():
            zeros += 1
            if zeros > _MAX_EXP_GOLOMB_ZEROS:
                raise CopyUnsuitable("the sequence parameter set is malformed")
        return (1 << zeros) - 1 + self.take(zeros)


def _sequence(bits: _Bits, nal_length_bytes: int) -> AvcStream:
    profile, constraints, _level = bits.take(8), bits.take(8), bits.take(8)
    bits.golomb()
    chroma, depth = _chroma_and_depth(bits) if profile in _WITH_CHROMA else (1, 8)
    bits.golomb()
    _skip_picture_order(bits)
    bits.golomb()
    bits.flag()
    width, height = 16 * (bits.golomb() + 1), 16 * (bits.golomb() + 1)
    progressive = bits.flag()
    if not progressive:
        height *= 2
        bits.flag()
    bits.flag()
    if bits.flag():
        left, right, top, bottom = (bits.golomb() for _ in range(4))
        unit_x, unit_y = (2 if chroma in (1, 2) else 1), (2 if chroma == 1 else 1) * (1 if progressive else 2)
        width, height = width - unit_x * (left + right), height - unit_y * (top + bottom)
    ratio, transfer = _usability(bits) if bits.flag() else (Fraction(1), 2)
    if not (0 < width <= _MAX_SIDE and 0 < height <= _MAX_SIDE):
        raise CopyUnsuitable("the sequence parameter set has no usable size of the picture")
    return AvcStream(
        profile=profile,
        is_constrained=bool(constraints & _CONSTRAINED),
        nal_length_bytes=nal_length_bytes,
        width=width,
        height=height,
        chroma_format=chroma,
        bit_depth=depth,
        is_progressive=progressive,
        sample_aspect_ratio=ratio,
        transfer=transfer,
    )


def _chroma_and_depth(bits: _Bits) -> tuple[int, int]:
    chroma = bits.golomb()
    if chroma == 3:
        bits.flag()
    depth = 8 + max(bits.golomb(), bits.golomb())
    bits.flag()
    if bits.flag():
        for index in range(12 if chroma == 3 else 8):
            if bits.flag():
                _skip_scaling_list(bits, 16 if index < 6 else 64)
    return chroma, depth


def _skip_scaling_list(bits: _Bits, size: int) -> None:
    """7.3.2.1.1.1"""
    last = following = 8
    for _ in range(size):
        if following:
            code = bits.golomb()
            delta = (code + 1) // 2 if code % 2 else -(code // 2)
            following = (last + delta) % 256
        last = following or last


def _skip_picture_order(bits: _Bits) -> None:
    kind = bits.golomb()
    if kind == 0:
        bits.golomb()
    elif kind == 1:
        bits.flag()
        bits.golomb()
        bits.golomb()
        for _ in range(min(bits.golomb(), 256)):
            bits.golomb()


def _usability(bits: _Bits) -> tuple[Fraction, int]:
    """The sample aspect ratio and the transfer characteristics of the VUI (E.1.1)."""
    ratio, transfer = Fraction(1), 2
    if bits.flag():
        kind = bits.take(8)
        if kind == _EXTENDED_SAR:
            width, height = bits.take(16), bits.take(16)
            ratio = Fraction(width, height) if width and height else ratio
        else:
            ratio = _SAMPLE_ASPECT_RATIOS.get(kind, ratio)
    if bits.flag():
        bits.flag()
    if bits.flag():
        bits.take(4)
        if bits.flag():
            bits.take(8)
            transfer = bits.take(8)
            bits.take(8)
    return ratio, transfer
