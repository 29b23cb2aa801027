"""What publishing a video would cost, before there is one: by each encoder, for the ladder of this deployment.

The same formulas choose the encoder of an asset whose encoder is `auto` (`catalog/encoder_choice.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from chalicelib.catalog.encoder_choice import TEMPLATE_GROUPS, lambda_usd, mediaconvert_usd
from chalicelib.catalog.options import Encoder
from chalicelib.catalog.vod.profile import fit_box
from chalicelib.media.ladder import source_rung

if TYPE_CHECKING:
    from chalicelib.settings import Settings


@dataclass(frozen=True, slots=True)
class Estimate:
    """US dollars, and the heights of the renditions that they pay for, tallest first."""

    ladder: tuple[int, ...]
    lambda_usd: Fraction
    mediaconvert_usd: Fraction

    def usd(self, encoder: Encoder) -> Fraction:
        return self.lambda_usd if encoder is Encoder.LAMBDA else self.mediaconvert_usd

    @property
    def cheaper(self) -> Encoder:
        return Encoder.LAMBDA if self.lambda_usd <= self.mediaconvert_usd else Encoder.MEDIACONVERT


def estimate(duration: Fraction, height: int, frame_rate: Fraction, settings: Settings) -> Estimate:
    """Of a picture of 16:9 in so many lines; faster sources are halved until they fit, as in a publication."""
    size = (height * 16 // 9, height)
    rungs = tuple(rung for rung in settings.ladder if rung <= source_rung(*size)) or settings.ladder[-1:]
    while frame_rate > settings.max_frame_rate:
        frame_rate /= 2
    pictures = [fit_box(*size, rung) for rung in rungs]
    ours = lambda_usd(duration, frame_rate, pictures, settings.region, chunk_seconds=settings.chunk_seconds)
    theirs = mediaconvert_usd(duration, frame_rate, list(rungs) * TEMPLATE_GROUPS)
    return Estimate(rungs, ours, theirs)
