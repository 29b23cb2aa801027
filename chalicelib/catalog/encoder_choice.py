"""Who encodes a source: a decision from its facts, this deployment's limits and list prices.

MediaConvert's prices are those of us-east-1, whatever the region, without volume discounts: on demand, basic tier, AVC
in one pass, by the height and rate of each output, at least ten seconds of each. Where they are from:

- $0.0075 a normalized minute and $0.015 a minute of HD up to 30 frames a second: AWS's Price List of 2026-09-29
  (IAD-Normalized-Transcode-Minute-Basic, IAD-B-AVC-HD-S-30), as github's GitDAM `infra_model.py` quotes it.
- From 30 to 60 frames a second twice as much, SD $0.015, HD $0.03, 4K $0.06: notes from AWS's page of 2021-01-23
  (gist.github.com/0xdeepmehta/2c2f548b19e29ed71e30492c1587770b). 4K at 30 follows from it.
- Above 60 three times as much, and above 4K: from memory; no source was found.

They were not fetched from AWS by us, and the price of regions and of SINGLE_PASS_HQ, which the stack's templates use,
is not known to it: check them against AWS's price page before a decision rests on them. Ours is what workers need for
a picture, as measured, at Lambda's price. Both are for choosing, not for billing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from chalicelib.catalog.options import Encoder
from chalicelib.catalog.prices import DEFAULT_REGION, prices_of

SD_USD_PER_MINUTE = Fraction("0.0075")
MIN_BILLED_S = 10

# Multiples of the SD price: by the height of an output, up to and with; and by its frames per second.
_BY_HEIGHT = ((719, Fraction(1)), (1080, Fraction(2)), (2160, Fraction(4)))
_BY_RATE = ((30, Fraction(1)), (60, Fraction(2)), (120, Fraction(3)))
_ABOVE = Fraction(8)
_GB_SECONDS_PER_MEGAPIXEL = Fraction("0.035")
"""0.026 to 0.033 were measured on three films (tests/unit/usecases/test_estimate.py, 21 November 2026), and this is
their mean and a quarter more: a worker starts, and waits for S3."""
_SILENT_TRANSITIONS = 10
TEMPLATE_GROUPS = 3
"""The stack's job templates write each picture into three groups, and each output is billed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderFacts:
    """`renditions` are (width, height) of each output; `duration` in seconds, None if unknown."""

    duration: Fraction | None
    frame_rate: Fraction
    renditions: Sequence[tuple[int, int]]
    size_bytes: int
    max_lambda_bytes: int
    mediaconvert_available: bool
    region: str = DEFAULT_REGION


@dataclass(frozen=True, slots=True)
class EncoderChoice:
    """`reason` is for a person. Costs are US dollars, None if they cannot be known."""

    encoder: Encoder
    reason: str
    lambda_usd: Fraction | None = None
    mediaconvert_usd: Fraction | None = None


def choose_encoder(wanted: Encoder, facts: EncoderFacts) -> EncoderChoice:
    """LAMBDA or MEDIACONVERT. What was asked for by name is never overruled."""
    if wanted is not Encoder.AUTO:
        return EncoderChoice(wanted, "as asked")
    if not facts.mediaconvert_available:
        return EncoderChoice(Encoder.LAMBDA, "MediaConvert is off")
    if not facts.renditions:
        return EncoderChoice(Encoder.LAMBDA, "there is no picture")
    if facts.size_bytes > facts.max_lambda_bytes:
        return EncoderChoice(Encoder.MEDIACONVERT, "the source does not fit a worker's disk")
    if facts.duration is None:
        return EncoderChoice(Encoder.LAMBDA, "the duration is unknown")
    ours = lambda_usd(facts.duration, facts.frame_rate, facts.renditions, facts.region)
    heights = [min(size) for size in facts.renditions] * TEMPLATE_GROUPS
    theirs = mediaconvert_usd(facts.duration, facts.frame_rate, heights)
    cheaper = Encoder.LAMBDA if ours <= theirs else Encoder.MEDIACONVERT
    return EncoderChoice(cheaper, "the cheaper one", ours, theirs)


def lambda_usd(
    duration: Fraction,
    frame_rate: Fraction,
    renditions: Sequence[tuple[int, int]],
    region: str,
    *,
    chunk_seconds: int = 12,
) -> Fraction:
    """An estimate of our workers' cost, and of the transitions of their state machines."""
    prices = prices_of(region)
    megapixels = Fraction(sum(width * height for width, height in renditions), 1_000_000)
    work = megapixels * frame_rate * duration * _GB_SECONDS_PER_MEGAPIXEL * prices.lambda_x86_gb_s
    tasks = -(-duration // chunk_seconds) + 1
    return work + (tasks + _SILENT_TRANSITIONS) * prices.transition


def mediaconvert_usd(duration: Fraction, frame_rate: Fraction, heights: Sequence[int]) -> Fraction:
    """An estimate of MediaConvert's bill for outputs of these heights."""
    minutes = max(duration, Fraction(MIN_BILLED_S)) / 60
    by_rate = _multiple(_BY_RATE, frame_rate)
    return sum(
        (SD_USD_PER_MINUTE * minutes * by_rate * _multiple(_BY_HEIGHT, height) for height in heights), Fraction(0)
    )


def _multiple(table: Sequence[tuple[int, Fraction]], value: Fraction | int) -> Fraction:
    return next((multiple for limit, multiple in table if value <= limit), _ABOVE)
