"""The CODECS string of an init segment (RFC 6381; ISO/IEC 14496-15 Annex E for AVC and HEVC, AV1 Codec ISO Media File
Format Binding 5 for AV1, 14496-1 7.2.6 for AAC).

Players decide from this string, before they fetch any media, whether they can decode: it is read from the decoder
configuration that the encoder wrote, never assumed. Only the codecs that we encode are known.
"""

from __future__ import annotations

from chalicelib.errors import EncoderOutputMalformed
from chalicelib.media.boxes import Box, Fields, boxes, fields, find

_STSD_FIELDS = 8
_VISUAL_SAMPLE_ENTRY_FIELDS = 78
_AUDIO_SAMPLE_ENTRY_FIELDS = 28

_AV1_MARKER_AND_VERSION = 0x81

_ES_DESCRIPTOR = 3
_DECODER_CONFIG = 4
_DECODER_SPECIFIC = 5
_MPEG4_AUDIO = 0x40
_ESCAPED_OBJECT_TYPE = 31


def codec_string(init: bytes) -> str:
    """The RFC 6381 name of the one sample entry in an init segment, such as `avc1.64001f` or `mp4a.40.2`.

    Raises:
        EncoderOutputMalformed: If the entry is not H.264, HEVC, AV1 or AAC, or its configuration cannot be read.
    """
    table = find(init, b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
    entry = next(boxes(init, table.body + _STSD_FIELDS, table.end), None)
    if entry is None:
        raise EncoderOutputMalformed("the init segment describes no codec")
    if entry.kind == b"avc1":
        return _avc(init, _configuration(init, entry, _VISUAL_SAMPLE_ENTRY_FIELDS, b"avcC"))
    if entry.kind == b"hvc1":
        return _hevc(init, _configuration(init, entry, _VISUAL_SAMPLE_ENTRY_FIELDS, b"hvcC"))
    if entry.kind == b"av01":
        return _av1(init, _configuration(init, entry, _VISUAL_SAMPLE_ENTRY_FIELDS, b"av1C"))
    if entry.kind == b"mp4a":
        return _aac(init, _configuration(init, entry, _AUDIO_SAMPLE_ENTRY_FIELDS, b"esds"))
    raise EncoderOutputMalformed("the encoder wrote a codec that has no CODECS string here", codec=repr(entry.kind))


def _configuration(init: bytes, entry: Box, entry_fields: int, kind: bytes) -> Box:
    inner = Box(kind=entry.kind, start=entry.start, body=entry.body + entry_fields, end=entry.end)
    return find(init, kind, inside=inner)


def _avc(init: bytes, box: Box) -> str:
    """avcC: version, then AVCProfileIndication, profile_compatibility and AVCLevelIndication."""
    reader = fields(init, box)
    reader.skip(1)
    return f"avc1.{reader.take(3).hex()}"


def _hevc(init: bytes, box: Box) -> str:
    """hvcC (14496-15 8.3.3.1), named as Annex E.3 says.

    The compatibility flags are written with their bits reversed, and zero bytes at the end of the constraints are left
    out.
    """
    reader = fields(init, box)
    reader.skip(1)
    profile = reader.unsigned(1)
    compatibility = reader.unsigned(4)
    constraints = reader.take(6).rstrip(b"\0")
    level = reader.unsigned(1)
    space = ("", "A", "B", "C")[profile >> 6]
    tier = "H" if profile & 0x20 else "L"
    reversed_flags = int(f"{compatibility:032b}"[::-1], 2)
    parts = [f"hvc1.{space}{profile & 0x1F}", f"{reversed_flags:X}", f"{tier}{level}"]
    return ".".join([*parts, *(f"{byte:X}" for byte in constraints)])


def _av1(init: bytes, box: Box) -> str:
    """av1C (2.3.3), named as section 5 says; what follows the bit depth may be left out when it is 4:2:0 and BT.709."""
    reader = fields(init, box)
    if reader.unsigned(1) != _AV1_MARKER_AND_VERSION:
        raise EncoderOutputMalformed("the AV1 configuration is of another version")
    profile_and_level, sampling = reader.unsigned(1), reader.unsigned(1)
    tier = "H" if sampling & 0x80 else "M"
    depth = (12 if sampling & 0x20 else 10) if sampling & 0x40 else 8
    return f"av01.{profile_and_level >> 5}.{profile_and_level & 0x1F:02d}{tier}.{depth:02d}"


def _aac(init: bytes, box: Box) -> str:
    object_type, specific = audio_configuration(init, box)
    return f"mp4a.{object_type:x}.{audio_object_type(specific)}"


def audio_configuration(data: bytes, box: Box) -> tuple[int, bytes]:
    """The object type and the AudioSpecificConfig of an esds: an ES_Descriptor that holds the DecoderConfigDescriptor.

    Raises:
        EncoderOutputMalformed: If the descriptors cannot be read, or are of another kind of sound.
    """
    reader = fields(data, box)
    reader.version_and_flags()
    stream = _descriptor(data, reader, _ES_DESCRIPTOR)
    stream.skip(2)
    flags = stream.unsigned(1)
    if flags & 0x80:
        stream.skip(2)
    if flags & 0x40:
        stream.skip(stream.unsigned(1))
    if flags & 0x20:
        stream.skip(2)
    decoder = _descriptor(data, stream, _DECODER_CONFIG)
    object_type = decoder.unsigned(1)
    if object_type != _MPEG4_AUDIO:
        raise EncoderOutputMalformed("the audio is not MPEG-4 audio", object_type=object_type)
    decoder.skip(12)
    config = _descriptor(data, decoder, _DECODER_SPECIFIC)
    return object_type, config.take(config.remaining)


def audio_object_type(specific: bytes) -> int:
    """Of an AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1); 2 is AAC-LC."""
    if len(specific) < 2:
        raise EncoderOutputMalformed("the audio configuration is cut off")
    word = int.from_bytes(specific[:2], "big")
    kind = word >> 11
    return 32 + (word >> 5 & 0x3F) if kind == _ESCAPED_OBJECT_TYPE else kind


def _descriptor(init: bytes, reader: Fields, tag: int) -> Fields:
    """Open the next descriptor, which must be `tag`; its size has 7 bits a byte, at most four bytes (14496-1 8.3.3)."""
    found = reader.unsigned(1)
    if found != tag:
        raise EncoderOutputMalformed("the audio descriptors are out of order", expected=tag, found=found)
    size = 0
    for _ in range(4):
        byte = reader.unsigned(1)
        size = size << 7 | byte & 0x7F
        if not byte & 0x80:
            break
    start = reader.skip(size)
    return Fields(init, start, start + size)
