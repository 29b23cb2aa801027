"""What a file is, by its first bytes; its name and its declared type are never believed.

Only containers on our list pass, and each is later opened by its one demuxer. Anything that refers to other files or
addresses (playlists, concat scripts, session descriptions, XML) is refused by name: followed, it would read the host's
files or its network. ISO/IEC 14496-12 (MP4), RFC 8794 (EBML), ISO/IEC 13818-1 (transport and program streams).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.errors import EmptySource, EncryptedSource, NotAVideo, PlaylistNotAllowed, SluiceError, UnsupportedMedia
from chalicelib.media.source import Container

HEAD_BYTES = 64 * 1024
"""How much of a file `sniff` wants to see; less is fine when the file is shorter."""

_IMAGE_BRANDS = frozenset(
    (
        b"heic",
        b"heix",
        b"heim",
        b"heis",
        b"hevc",
        b"hevx",
        b"mif1",
        b"msf1",
        b"avif",
        b"avis",
        b"crx ",
        b"jp2 ",
        b"jpx ",
    )
)
_MP4_FIRST_BOXES = frozenset(
    (b"ftyp", b"moov", b"mdat", b"moof", b"styp", b"sidx", b"free", b"skip", b"wide", b"pnot", b"pdin", b"uuid")
)
_MAGIC: tuple[tuple[bytes, Container], ...] = (
    (b"\x1a\x45\xdf\xa3", Container.MATROSKA),
    (b"\x00\x00\x01\xba", Container.MPEGPS),
    (b"FLV\x01", Container.FLV),
    (b"fLaC", Container.FLAC),
    (b"OggS", Container.OGG),
)
_REFUSED: tuple[tuple[bytes, type[SluiceError], str], ...] = (
    (b"Salted__", NotAVideo, "the file is encrypted with OpenSSL; upload it decrypted"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", UnsupportedMedia, "Windows Media (ASF) is not supported"),
    (b"\x06\x0e\x2b\x34", UnsupportedMedia, "MXF is not supported"),
    (b".RMF", UnsupportedMedia, "RealMedia is not supported"),
    (b"\x00\x00\x01\xb3", UnsupportedMedia, "a bare MPEG video stream is not supported; put it in a container"),
    (b"FORM", UnsupportedMedia, "AIFF is not supported"),
    (b"\xff\xd8\xff", NotAVideo, "the file is a JPEG image"),
    (b"\x89PNG", NotAVideo, "the file is a PNG image"),
    (b"GIF8", NotAVideo, "the file is a GIF image"),
    (b"BM", NotAVideo, "the file is a BMP image"),
    (b"PK\x03\x04", NotAVideo, "the file is a zip archive"),
    (b"\x1f\x8b", NotAVideo, "the file is gzip-compressed"),
    (b"Rar!", NotAVideo, "the file is a RAR archive"),
    (b"7z\xbc\xaf", NotAVideo, "the file is a 7-Zip archive"),
    (b"%PDF", NotAVideo, "the file is a PDF document"),
    (b"\x7fELF", NotAVideo, "the file is a program"),
)
_REFERENCES = (
    "#extm3u",
    "ffconcat",
    "[playlist]",
    "[reference]",
    "rtsptext",
    "v=0\n",
    "v=0\r",
    "<asx",
    "<mpd",
    "<smil",
    "<svg",
    "<smoothstreamingmedia",
    "<?xml",
    "file '",
    "file:",
    "rtsp://",
    "rtmp://",
    "http://",
    "https://",
)
_TS_PACKETS = 5
_TS_FIRST_MEDIA_PID = 0x20
_TS_NULL_PID = 0x1FFF


@dataclass(frozen=True, slots=True)
class _TsLayout:
    """Where the sync bytes are: every `stride` bytes from `offset` on (188 plain, 192 Blu-ray, 204 with parity)."""

    offset: int
    stride: int


def sniff(head: bytes) -> Container:
    """The container that begins with these bytes.

    Args:
        head: The first HEAD_BYTES of the file, or all of it.

    Raises:
        EmptySource: If there are no bytes.
        PlaylistNotAllowed: If the file refers to other files.
        EncryptedSource: If it is a scrambled transport stream.
        UnsupportedMedia: If it is media in a container that we do not take.
        NotAVideo: If it is anything else.
    """
    if not head:
        raise EmptySource("the file is empty")
    for magic, container in _MAGIC:
        if head.startswith(magic):
            return container
    if head[4:8] in _MP4_FIRST_BOXES:
        return _mp4(head)
    if head[:4] in (b"RIFF", b"RF64"):
        return _riff(head)
    _refuse_references(head)
    for magic, error, message in _REFUSED:
        if head.startswith(magic):
            raise error(message)
    layout = _ts_layout(head)
    if layout:
        return _mpegts(head, layout)
    found = _elementary_audio(head)
    if found:
        return found
    raise NotAVideo("the file is text" if _is_text(head) else "the file is no video or audio container that we know")


def _mp4(head: bytes) -> Container:
    if head[4:8] == b"ftyp" and head[8:12] in _IMAGE_BRANDS:
        raise NotAVideo("the file is an image")
    return Container.MP4


def _riff(head: bytes) -> Container:
    form = head[8:12]
    if form == b"AVI ":
        return Container.AVI
    if form == b"WAVE":
        return Container.WAV
    if form == b"WEBP":
        raise NotAVideo("the file is a WebP image")
    raise NotAVideo("the file is a RIFF container, but neither AVI nor WAVE")


def _refuse_references(head: bytes) -> None:
    """Raise PlaylistNotAllowed if a reader that guesses could take this for a list of other files."""
    text = head[:4096].removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    # UTF-16 is text with a zero in every other byte.
    plain = text.replace(b"\x00", b"").decode("latin-1").lstrip().lower()
    if plain.startswith(_REFERENCES):
        raise PlaylistNotAllowed("the file is a playlist or another list of references; upload the media itself")


def _is_text(head: bytes) -> bool:
    return all(byte >= 0x20 or byte in b"\t\n\r\f" for byte in head[:512])


def _ts_layout(head: bytes) -> _TsLayout | None:
    for stride in (188, 192, 204):
        wanted = min(_TS_PACKETS, len(head) // stride)
        for offset in range(stride if wanted >= _TS_PACKETS else 5):
            if wanted >= 2 and all(head[offset + n * stride : offset + n * stride + 1] == b"G" for n in range(wanted)):
                return _TsLayout(offset, stride)
    return None


def _mpegts(head: bytes, layout: _TsLayout) -> Container:
    """Refuse a stream most of whose media packets carry transport_scrambling_control (13818-1, 2.4.3.3)."""
    media = scrambled = 0
    for start in range(layout.offset, len(head) - 3, layout.stride):
        pid = int.from_bytes(head[start + 1 : start + 3], "big") & 0x1FFF
        if _TS_FIRST_MEDIA_PID <= pid < _TS_NULL_PID:
            media += 1
            scrambled += head[start + 3] >> 6 != 0
    if 2 * scrambled > media:
        raise EncryptedSource("the transport stream is scrambled")
    return Container.MPEGTS


def _elementary_audio(head: bytes) -> Container | None:
    """MP3 or ADTS AAC: two frames in a row, behind an ID3 tag or not."""
    start = 0
    if head[:3] == b"ID3" and len(head) > 10:
        size = 0
        for byte in head[6:10]:
            size = size << 7 | byte & 0x7F
        start = 10 + size
        if start + 4 > len(head):
            # The tag holds a picture larger than what we were shown.
            return Container.MP3
    for container, frame_bytes in ((Container.AAC, _adts_frame_bytes), (Container.MP3, _mp3_frame_bytes)):
        length = frame_bytes(head[start : start + 7])
        following = start + length
        if length and (following == len(head) or frame_bytes(head[following : following + 7])):
            return container
    return None


def _adts_frame_bytes(header: bytes) -> int:
    """Length of the ADTS frame with this header, or 0 (ISO/IEC 14496-3, 1.A.2)."""
    if len(header) < 7 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0:
        return 0
    return (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5


_MP3_KBPS_V1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0)
_MP3_KBPS_V2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0)
_MP3_RATES = (44100, 48000, 32000, 0)


def _mp3_frame_bytes(header: bytes) -> int:
    """Length of the layer III frame with this header, or 0 (ISO/IEC 11172-3, 2.4.1.3)."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2 or header[1] & 0x18 == 0x08:
        return 0
    first_version = header[1] & 0x18 == 0x18
    kbps = (_MP3_KBPS_V1 if first_version else _MP3_KBPS_V2)[header[2] >> 4]
    rate = _MP3_RATES[header[2] >> 2 & 3] >> (0 if first_version else 1 if header[1] & 0x18 == 0x10 else 2)
    if not kbps or not rate:
        return 0
    return (144 if first_version else 72) * kbps * 1000 // rate + (header[2] >> 1 & 1)


ReadRange = Callable[[int, int], bytes]
"""Reads exactly the bytes [start, end) of the source."""
