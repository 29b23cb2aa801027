"""A desk with an encoder that writes what it was told to, box by box: 25 seconds of 10 frames, and sound."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, cast

from chalicelib.catalog.asset import Asset, AssetStatus, ProgressState
from chalicelib.errors import DeadlineNear
from chalicelib.media.source import AudioTrack, Container, Source, Transfer, VideoTrack
from chalicelib.media.timing import Scan, TrackScan
from chalicelib.tools import Tools
from chalicelib.usecases.plan import plan_render
from chalicelib.usecases.progress import Meter
from chalicelib.usecases.render_chunk import ChunkJob, render_chunk
from tests.unit.catalog.samples import an_asset
from tests.unit.media.movie import Sample, aac_entry, avc_entry, fragment, gop, init_segment
from tests.unit.usecases.desk import Desk

FRAMES, RATE, TIMESCALE, GOP = 250, Fraction(10), 10_000, 20
TICKS = TIMESCALE // RATE.numerator
AUDIO_RATE = 48_000
SOURCE = b"the source"
FOREVER = float("inf")

VIDEO = VideoTrack(
    codec="AVC",
    width=640,
    height=360,
    displayed_width=640,
    displayed_height=360,
    rotation=0,
    frame_rate=RATE,
    constant_rate=True,
    bit_depth=8,
    chroma="4:2:0",
    interlaced=False,
    transfer=Transfer.SDR,
)
AUDIO = AudioTrack(position=0, codec="AAC", channels=2, sample_rate_hz=AUDIO_RATE, language="en", default=True)


@dataclass
class Probe:
    """Knows one source."""

    source: Source = field(
        default_factory=lambda: Source(Container.MP4, len(SOURCE), Fraction(25), VIDEO, (AUDIO,), "")
    )

    def probe(self, file: BinaryIO, size_bytes: int) -> Source:
        assert file.read() == SOURCE
        return replace(self.source, size_bytes=size_bytes)


@dataclass
class Encoder:
    """`runs` holds the arguments of every run; `inexact` so many runs lose their last frame; `losses` by width.

    `damaged` so many runs begin with a segment that is sound, and then lose a frame.

    `time_for` says of the next runs how many fragments they have time for.
    """

    runs: list[Sequence[str]] = field(default_factory=list)
    inexact: int = 0
    damaged: int = 0
    has_video: bool = True
    text: tuple[str, ...] = ()
    decodes_cover: bool = True
    losses: dict[int, int] = field(default_factory=dict)
    time_for: list[int] = field(default_factory=list)

    def version(self) -> str:
        return "n0"

    def scan_packets(self, path: Path, **_: object) -> Scan:
        assert path.read_bytes() == SOURCE
        ticks = range(0, FRAMES * TICKS, TICKS)
        video = TrackScan(Fraction(1, TIMESCALE), list(ticks), [TICKS] * FRAMES)
        packets = range(0, 25 * AUDIO_RATE, 1024)
        audio = TrackScan(Fraction(1, AUDIO_RATE), list(packets), [1024] * len(packets))
        return Scan(Fraction(0), video if self.has_video else None, (audio,), self.text)

    def can_decode(self, *_: object) -> bool:
        return self.decodes_cover

    def lost_detail(self, arguments: Sequence[str], **_: object) -> int | None:
        graph = next(argument for argument in arguments if "blend" in argument)
        (small,) = {int(width) for width in re.findall(r"scale=(\d+):", graph)} - {640}
        return self.losses[small]

    def run(self, arguments: Sequence[str], *, cwd: Path, **_: object) -> None:
        assert (cwd / "source").read_bytes() == SOURCE
        self.runs.append(arguments)
        most = self.time_for.pop(0) if self.time_for else None
        line = " ".join(arguments)
        span = re.search(r"end_pts=(\d+):start_pts=(\d+)", line)
        dropped = re.search(r"drop='lt\(pts,(\d+)\)'", line)
        for name in (argument for argument in arguments if argument.endswith((".mp4", ".jpg", ".vtt"))):
            frames = (int(span[2]), int(span[1])) if span else None
            made = self._made(name, frames, int(dropped[1]) if dropped else 0)
            (cwd / name).write_bytes(b"".join(made if most is None else made[: most + 1]))
        if most is not None:
            raise DeadlineNear("the encoder did not finish in time")

    def _made(self, name: str, span: tuple[int, int] | None, start_ticks: int) -> list[bytes]:
        """The head of a file and its fragments."""
        if name.endswith(".jpg"):
            return [b"a picture"]
        if name.endswith(".vtt"):
            return [b"WEBVTT\n\n", b"25:00:01.000 --> 25:00:02.000\nHello\n" if name == "text.vtt" else b""]
        if span is None:
            pieces = [fragment(at, [Sample(9, 288_000)]) for at in range(start_ticks, 4 * 288_000, 288_000)]
            return [init_segment(aac_entry(), timescale=AUDIO_RATE, handler=b"soun"), *pieces]
        start, end = span[0], span[1] - (len(self.runs) <= self.inexact)
        gops = [gop(at * TICKS, min(GOP, end - at), frame_ticks=TICKS) for at in range(start, end, GOP)]
        if len(self.runs) <= self.damaged:
            gops[-1] = gop(start * TICKS, GOP, frame_ticks=TICKS)
        return [init_segment(avc_entry(), timescale=TIMESCALE), *gops]


@dataclass
class _Tools:
    mediainfo: Probe
    ffmpeg: Encoder


class Studio(Desk):
    """An asset that has been ingested, and the means to render it."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.probe = Encoder(), Probe()
        self.tools = cast(Tools, _Tools(self.probe, self.encoder))
        stored = an_asset(state=ProgressState.INGESTING, plan_hash=None, task_count=0, renditions=(), errors=())
        etag = self.objects.write("source", stored.source_key, SOURCE, content_type="video/mp4")
        self.asset = replace(stored, source_etag=etag, source_size_bytes=len(SOURCE))
        self.table.create_asset(self.asset)

    @property
    def now(self) -> Asset:
        return self.table.get_asset(self.asset.id)

    @property
    def published(self) -> dict[str, bytes]:
        """What lies in the media bucket, by its name in the publication."""
        return {
            key.split("/", 3)[3]: stored.data
            for (bucket, key), stored in self.objects.stored.items()
            if bucket == "media"
        }

    def plan(self) -> dict[str, object]:
        return plan_render(
            self.asset.id,
            self.objects,
            self.table,
            self.tools,
            self.settings,
            deadline=FOREVER,
            clock=self.clock,
        )

    def render(self, digest: str, index: int) -> dict[str, object]:
        job = ChunkJob(self.asset.id, digest, index, FOREVER)
        meter = Meter(memory_mb=1024, started_s=0.0)
        return render_chunk(job, self.objects, self.table, self.tools, self.settings, meter=meter, clock=self.clock)

    def render_all(self) -> str:
        """Returns the plan's hash."""
        planned = self.plan()
        digest, items = planned["PlanHash"], planned["Items"]
        assert isinstance(digest, str)
        assert isinstance(items, list)
        for index in items:
            self.render(digest, index)
        return digest

    def end(self, status: AssetStatus) -> None:
        """As if somebody else had ended the asset."""
        self.table.create_asset(self.asset)
        self.table.items[f"asset#{self.asset.id}", "asset"]["status"] = {"S": status.value}
