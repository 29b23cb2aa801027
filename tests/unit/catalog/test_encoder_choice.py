"""Who encodes: what was asked for, what can, and what costs less."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from chalicelib.catalog.encoder_choice import EncoderFacts, choose_encoder, lambda_usd, mediaconvert_usd
from chalicelib.catalog.options import Encoder

FACTS = EncoderFacts(
    duration=Fraction(600),
    frame_rate=Fraction(30),
    renditions=[(1920, 1080), (1280, 720), (854, 480)],
    size_bytes=1 << 30,
    max_lambda_bytes=8 << 30,
    mediaconvert_available=True,
)


@pytest.mark.parametrize("asked", [Encoder.LAMBDA, Encoder.MEDIACONVERT])
def test_what_was_asked_for_is_done(asked: Encoder) -> None:
    """No cost and no limit overrules the name of an encoder."""
    facts = replace(FACTS, size_bytes=1 << 40, mediaconvert_available=False)
    assert choose_encoder(asked, facts).encoder is asked


def test_auto_takes_the_cheaper_one() -> None:
    """Both estimates are given with the choice, and the lower one wins."""
    choice = choose_encoder(Encoder.AUTO, FACTS)
    assert choice.lambda_usd is not None
    assert choice.mediaconvert_usd is not None
    assert (choice.encoder is Encoder.LAMBDA) is (choice.lambda_usd <= choice.mediaconvert_usd)
    assert choice.lambda_usd == lambda_usd(Fraction(600), Fraction(30), FACTS.renditions, FACTS.region)


def test_auto_takes_mediaconvert_where_ours_costs_more() -> None:
    """At rates far above what MediaConvert's table distinguishes, each frame costs us and only minutes cost there."""
    choice = choose_encoder(Encoder.AUTO, replace(FACTS, frame_rate=Fraction(12_000)))
    assert choice.encoder is Encoder.MEDIACONVERT


@pytest.mark.parametrize(
    ("change", "encoder"),
    [
        ({"mediaconvert_available": False}, Encoder.LAMBDA),
        ({"renditions": []}, Encoder.LAMBDA),
        ({"duration": None}, Encoder.LAMBDA),
        ({"size_bytes": 9 << 30}, Encoder.MEDIACONVERT),
        ({"size_bytes": 9 << 30, "duration": None}, Encoder.MEDIACONVERT),
        ({"size_bytes": 9 << 30, "mediaconvert_available": False}, Encoder.LAMBDA),
    ],
)
def test_auto_keeps_to_what_can(change: dict[str, object], encoder: Encoder) -> None:
    """Without MediaConvert, pictures or a duration it is ours; above a worker's disk it cannot be."""
    assert choose_encoder(Encoder.AUTO, replace(FACTS, **change)).encoder is encoder  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seconds", "rate", "heights", "usd"),
    [
        (60, 30, [480], "0.0075"),
        (60, 30, [720, 480], "0.0225"),
        (120, 25, [2160], "0.06"),
        (60, 50, [1080], "0.03"),
        (1, 30, [480], "0.00125"),
    ],
)
def test_mediaconvert_is_priced_by_minute_height_and_rate(
    seconds: int, rate: int, heights: list[int], usd: str
) -> None:
    """At least ten seconds of each output, more for taller and faster ones."""
    assert mediaconvert_usd(Fraction(seconds), Fraction(rate), heights) == Fraction(usd)
