"""Magic bytes: what passes, what is refused, and under which name."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import (
    EmptySource,
    EncryptedSource,
    NotAVideo,
    PlaylistNotAllowed,
    SluiceError,
    UnsupportedMedia,
    UserError,
)
from chalicelib.media.sniff import sniff
from chalicelib.media.source import Container


def box(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def transport(packets: int, *, scrambled: bool = False, stride: int = 188, lead: int = 0) -> bytes:
    control = 0xC0 if scrambled else 0x10
    packet = struct.pack(">BHB", 0x47, 0x0100, control)
    return bytes(lead) + packets * (packet + bytes(stride - 4))


MP3_FRAME = b"\xff\xfb\x90\x00" + bytes(413)
ADTS_FRAME = b"\xff\xf1\x50\x80\x02\x1f\xfc" + bytes(9)


@pytest.mark.parametrize(
    ("head", "container"),
    [
        (box(b"ftyp", b"isom\0\0\2\0isom") + box(b"moov"), Container.MP4),
        (box(b"ftyp", b"qt  ") + box(b"wide"), Container.MP4),
        (box(b"wide") + box(b"mdat"), Container.MP4),
        (box(b"moov"), Container.MP4),
        (b"\x1a\x45\xdf\xa3" + bytes(40), Container.MATROSKA),
        (b"\x00\x00\x01\xba" + bytes(40), Container.MPEGPS),
        (b"FLV\x01\x05" + bytes(40), Container.FLV),
        (b"RIFF\x24\0\0\0AVI LIST", Container.AVI),
        (b"RIFF\x24\0\0\0WAVEfmt ", Container.WAV),
        (b"RF64\xff\xff\xff\xffWAVEds64", Container.WAV),
        (b"fLaC" + bytes(40), Container.FLAC),
        (b"OggS" + bytes(40), Container.OGG),
        (transport(8), Container.MPEGTS),
        (transport(2), Container.MPEGTS),
        (transport(8, lead=100), Container.MPEGTS),
        (transport(8, stride=192, lead=4), Container.MPEGTS),
        (2 * MP3_FRAME, Container.MP3),
        (b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + 2 * MP3_FRAME, Container.MP3),
        (b"ID3\x04\0\0\0\x7f\x7f\x7f" + bytes(100), Container.MP3),
        (2 * ADTS_FRAME, Container.AAC),
    ],
)
def test_a_container_is_known_by_its_first_bytes(head: bytes, container: Container) -> None:
    """Every container that we take is recognised without its name."""
    assert sniff(head) is container


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-VERSION:3\n",
        "\n  #EXTM3U\n",
        "ffconcat version 1.0\nfile /etc/passwd\n",
        "file '/etc/passwd'\n",
        "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n",
        '<?xml version="1.0"?><MPD/>',
        "<MPD xmlns='urn:mpeg:dash:schema:mpd:2011'/>",
        "<svg xmlns='http://www.w3.org/2000/svg'/>",
        "<ASX version='3.0'/>",
        "<SmoothStreamingMedia/>",
        "[playlist]\nFile1=x\n",
        "[Reference]\nRef1=x\n",
        "RTSPtext rtsp://127.0.0.1/\n",
        "rtsp://127.0.0.1/x",
        "http://169.254.169.254/latest/meta-data\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_list_of_references_is_refused(text: str, encoding: str) -> None:
    """Whatever could make a reader open something else is refused as a playlist, in any encoding of text."""
    with pytest.raises(PlaylistNotAllowed):
        sniff(text.encode(encoding))


@pytest.mark.parametrize(
    ("head", "error", "word"),
    [
        (b"", EmptySource, "empty"),
        (b"Salted__" + bytes(range(60)), NotAVideo, "encrypted"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", NotAVideo, "JPEG"),
        (b"\x89PNG\r\n\x1a\n", NotAVideo, "PNG"),
        (b"GIF89a", NotAVideo, "GIF"),
        (box(b"ftyp", b"heic"), NotAVideo, "image"),
        (box(b"ftyp", b"avif"), NotAVideo, "image"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", NotAVideo, "WebP"),
        (b"PK\x03\x04" + bytes(20), NotAVideo, "zip"),
        (b"%PDF-1.7\n", NotAVideo, "PDF"),
        (b"<!DOCTYPE html><html>", NotAVideo, "text"),
        (b'{"not": "a video"}', NotAVideo, "text"),
        (bytes(range(7, 250)) * 9, NotAVideo, "no video"),
        (bytes(500), NotAVideo, "no video"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9", UnsupportedMedia, "ASF"),
        (b"\x06\x0e\x2b\x34\x02\x05\x01\x01", UnsupportedMedia, "MXF"),
        (transport(20, scrambled=True), EncryptedSource, "scrambled"),
    ],
)
def test_anything_else_is_refused_by_name(head: bytes, error: type[SluiceError], word: str) -> None:
    """The message tells a person what the file is."""
    with pytest.raises(error, match=word):
        sniff(head)


@given(st.binary(max_size=2000))
def test_any_bytes_are_either_a_container_or_the_users_error(head: bytes) -> None:
    """No input makes sniffing fail in another way."""
    with suppress(UserError):
        assert isinstance(sniff(head), Container)


@given(st.sampled_from([b"\x1a\x45\xdf\xa3", b"ID3", b"\xff\xfb\x90\x00", b"\xff\xf1", b"G", b"RIFF"]), st.binary())
def test_a_good_beginning_with_garbage_behind_it_is_decided_too(magic: bytes, rest: bytes) -> None:
    """No continuation of a known beginning makes sniffing fail in another way."""
    with suppress(UserError):
        sniff(magic + rest)
