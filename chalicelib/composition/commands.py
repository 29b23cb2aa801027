"""The ffmpeg commands of a composition's chunks and of its output, as argument lists without the global ones.

Same plan, same index, same arguments, same bytes: one encoder thread, no versions and no dates in the files. Pictures
come in by a pipe with their frame numbers as times (matroska.py), full range and in sRGB; they go out in limited range
and BT.709, tagged so. Chunks begin with a keyframe and refer to nothing outside, so the output is made by copying.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from chalicelib.composition.config import Quality, RenderConfig
from chalicelib.composition.formats import Codec, Format
from chalicelib.composition.plan import FrameRange

LIST_NAME = "chunks.txt"
PALETTE_NAME = "palette.bmp"
_GOP_SECONDS = 4
"""Longest way from one keyframe to the next."""
_MIN_TIMESCALE = 10_000
_MICROSECONDS = 1_000_000

# Chosen by measurement (docs/compositions.md). What is rendered has no grain to keep, so the bits go where the error is
# (`tune psnr`) and not where film would hide it; but dark slopes of colour would fall into bands without some more.
_SMOOTH = ("-tune", "psnr", "-aq-mode", "3", "-aq-strength", "0.3")
_H264_PRESETS = {
    Quality.DRAFT: (27, ("-preset", "superfast", "-tune", "psnr")),
    Quality.STANDARD: (16, ("-preset", "superfast", *_SMOOTH, "-bf", "0", "-mbtree", "1", "-rc-lookahead", "10")),
    Quality.HIGH: (13, ("-preset", "medium", *_SMOOTH)),
}
# x265: preset and constant quality. VP9: how much it tries (8 is least) and constant quality.
_H265_PRESETS = {
    Quality.DRAFT: ("ultrafast", 28),
    Quality.STANDARD: ("veryfast", 17),
    Quality.HIGH: ("medium", 14),
}
_VP9_PRESETS = {Quality.DRAFT: (8, 36), Quality.STANDARD: (5, 24), Quality.HIGH: (3, 15)}


def timescale(frame_rate: Fraction) -> int:
    """Ticks per second of a video track in which each frame is a whole number of ticks."""
    numerator = frame_rate.numerator
    return numerator if numerator >= _MIN_TIMESCALE else numerator * 1000


def encode_arguments(config: RenderConfig, frames: int, output: str) -> tuple[str, ...]:
    """Encode a stream of pictures from stdin into one chunk of exactly so many frames."""
    return (
        *_pictures_in(),
        *("-filter:v", f"{_to_video(config)},{_every_frame(config)}"),
        *("-fps_mode", "passthrough"),
        *("-frames:v", str(frames)),
        *_encoder(config),
        *_plain_file(),
        *(("-f", "webm") if config.format is Format.WEBM else _mpeg_file(config)),
        output,
    )


def join_arguments(config: RenderConfig, audio: str | None, output: str) -> tuple[str, ...]:
    """Join the chunks that LIST_NAME names, and the sound beside them, without encoding anything."""
    return (
        # The list and the files are ours; no other protocol is needed.
        *("-protocol_whitelist", "file", "-f", "concat", "-safe", "0", "-i", LIST_NAME),
        *(("-protocol_whitelist", "file", "-i", audio) if audio else ()),
        *("-map", "0:v:0"),
        *(("-map", "1:a:0") if audio else ()),
        *("-c", "copy"),
        # The list counts in microseconds; put every frame back on its own time.
        *("-bsf:v", f"setts={_exact_times(config)}"),
        *(("-metadata:s:v:0", "alpha_mode=1") if config.format is Format.WEBM else ()),
        *_plain_file(),
        # The index goes first, so that a player can begin before it has everything.
        *(("-f", "webm") if config.format is Format.WEBM else (*_mpeg_file(config), "-movflags", "+faststart")),
        output,
    )


def chunk_list(chunks: Sequence[FrameRange], names: Sequence[str], frame_rate: Fraction) -> str:
    """What LIST_NAME holds: each file, and how long it lasts, which the file itself says less exactly."""
    lines = ["ffconcat version 1.0"]
    for chunk, name in zip(chunks, names, strict=True):
        lines.append(f"file {name}")
        lines.append(f"duration {_seconds(chunk.frames / frame_rate)}")
    return "\n".join(lines) + "\n"


def palette_arguments() -> tuple[str, ...]:
    """One palette for all pictures of stdin. Repeated ones count once: what moves needs the colours."""
    return (
        *_pictures_in(),
        # No transparent entry: 256 colours for opaque pictures.
        *("-filter:v", "palettegen=reserve_transparent=0:stats_mode=full"),
        *("-frames:v", "1"),
        *_plain_file(),
        *("-update", "1", "-f", "image2", PALETTE_NAME),
    )


def gif_arguments(config: RenderConfig, frames: int, output: str) -> tuple[str, ...]:
    """A GIF of the pictures of stdin in the colours of PALETTE_NAME."""
    return (
        *_pictures_in(),
        *("-i", PALETTE_NAME),
        # Only the part of the picture that changed is looked at, and stored.
        *("-filter_complex", f"[0:v:0][1:v:0]paletteuse=dither=sierra2_4a:diff_mode=rectangle,{_every_frame(config)}"),
        *("-fps_mode", "passthrough"),
        *("-frames:v", str(frames)),
        # For ever, as people expect of one.
        *("-loop", "0"),
        *_plain_file(),
        *("-f", "gif", output),
    )


def count_arguments(name: str) -> tuple[str, ...]:
    """List every packet of a finished file on stdout, decoding nothing."""
    return ("-protocol_whitelist", "file", "-i", name, "-map", "0:v:0", "-c", "copy", "-f", "framecrc", "pipe:1")


def _pictures_in() -> tuple[str, ...]:
    return (
        # Nothing but the pipe is read, and it is what it is said to be.
        *("-protocol_whitelist", "pipe", "-f", "matroska"),
        # The first picture tells everything: do not wait for more.
        *("-probesize", "32", "-analyzeduration", "0", "-fpsprobesize", "0"),
        # Decoding or converting one picture takes less than handing parts of it to threads.
        *("-threads", "1", "-filter_threads", "1"),
        *("-i", "pipe:0"),
    )


def _to_video(config: RenderConfig) -> str:
    layout = {Format.MP4: "yuv420p", Format.WEBM: "yuva420p", Format.MOV: "yuva444p10le"}[config.format]
    # A chroma sample is the mean of the pixels that share it: 66 dB from the exact way, and 4 ms of 1080p, not 5.3.
    flags = "area" if config.format is Format.MP4 else "bicubic+accurate_rnd+full_chroma_int"
    return (
        # JPEG is full range in BT.601, all else is RGB; video is limited range in BT.709.
        f"scale=out_range=tv:out_color_matrix=bt709:flags={flags},format={layout},"
        "setsar=1,setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709"
    )


def _every_frame(config: RenderConfig) -> str:
    """Fill in what was left out because it repeats, after the work on the pictures. The times are frame numbers.

    Not `-fps_mode cfr`: it guesses from the gaps before how to fill one, and may show the next picture a frame early.
    """
    return f"fps={_rate(config.frame_rate)}"


def _encoder(config: RenderConfig) -> tuple[str, ...]:
    gop = max(1, round(config.frame_rate * _GOP_SECONDS))
    # With two threads the bytes differ from run to run under a bitrate; chunks run side by side anyway.
    common = ("-threads", "1", "-g", str(gop))
    if config.format is Format.MOV:
        # 4444 with 16 bits of alpha; the vendor that editors expect.
        return ("-c:v", "prores_ks", "-profile:v", "4444", "-alpha_bits", "16", "-vendor", "apl0", "-threads", "1")
    if config.format is Format.WEBM:
        speed, crf = _VP9_PRESETS[config.quality]
        return (
            *("-c:v", "libvpx-vp9", "-deadline", "good", "-cpu-used", str(speed)),
            *_rate_control(config, crf, free=("-b:v", "0")),
            # Frames that are never shown cannot carry alpha, and could refer across chunks.
            *("-auto-alt-ref", "0", "-lag-in-frames", "0"),
            *common,
            # Players look for it; the muxer writes it for copies only when told.
            *("-metadata:s:v:0", "alpha_mode=1"),
        )
    if config.codec is Codec.H265:
        preset, crf = _H265_PRESETS[config.quality]
        return (
            # Apple's players take no other tag.
            *("-c:v", "libx265", "-tag:v", "hvc1", "-preset", preset),
            *_rate_control(config, crf),
            # One thread, in x265's own words; chunks that refer to nothing outside; no options in the file.
            *("-x265-params", f"pools=none:frame-threads=1:open-gop=0:keyint={gop}:info=0:log-level=error"),
            *common,
        )
    crf, effort = _H264_PRESETS[config.quality]
    # x264's groups of pictures are closed unless asked otherwise.
    return ("-c:v", "libx264", *effort, *_rate_control(config, crf), *common)


def _rate_control(config: RenderConfig, crf: int, free: tuple[str, ...] = ()) -> tuple[str, ...]:
    """`free` lifts the encoder's own default bitrate where quality is to be constant."""
    if config.bitrate_bps is not None:
        rate = config.bitrate_bps
        return ("-b:v", str(rate), "-maxrate", str(rate * 3 // 2), "-bufsize", str(rate * 2))
    return ("-crf", str(crf if config.crf is None else config.crf), *free)


def _mpeg_file(config: RenderConfig) -> tuple[str, ...]:
    return (
        # Every frame starts on a whole tick.
        *("-video_track_timescale", str(timescale(config.frame_rate))),
        # No time code track: it would be a second track.
        *("-write_tmcd", "0"),
        *("-f", "mov" if config.format is Format.MOV else "mp4"),
    )


def _plain_file() -> tuple[str, ...]:
    """No versions, dates or options in the file: the same bytes every time."""
    return ("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact")


def _exact_times(config: RenderConfig) -> str:
    if config.format is Format.WEBM:
        # Milliseconds, each rounded from its own frame number; packets come in the order of their frames.
        return f"ts=round(N*{config.frame_rate.denominator}/{config.frame_rate.numerator}/TB)"
    # The container's ticks, of which each frame has the same number; decoding order differs from showing order.
    ticks = config.frame_rate.denominator * (timescale(config.frame_rate) // config.frame_rate.numerator)
    return f"pts=round(PTS/{ticks})*{ticks}:dts=round(DTS/{ticks})*{ticks}:duration={ticks}"


def _rate(frame_rate: Fraction) -> str:
    return f"{frame_rate.numerator}/{frame_rate.denominator}"


def _seconds(time: Fraction) -> str:
    micro = round(time * _MICROSECONDS)
    return f"{micro // _MICROSECONDS}.{micro % _MICROSECONDS:06d}"
