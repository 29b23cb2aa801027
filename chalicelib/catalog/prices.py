"""What the work on an asset has cost, from counters and list prices.

An estimate: public us-east-1 prices of AWS Lambda (x86_64, first tier) and Step Functions Standard, without free
tiers, storage, requests or delivery.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from chalicelib.catalog.asset import Work

LAMBDA_USD_PER_GB_SECOND = Fraction("0.0000166667")
SFN_USD_PER_TRANSITION = Fraction("0.000025")
EXCLUDED = ("s3", "cdn")

_MB_MS_PER_GB_S = 1024 * 1000


@dataclass(frozen=True, slots=True)
class Cost:
    """US dollars."""

    lambda_usd: Fraction
    sfn_usd: Fraction
    mediaconvert_usd: Fraction = Fraction(0)

    @property
    def total_usd(self) -> Fraction:
        return self.lambda_usd + self.sfn_usd + self.mediaconvert_usd


def cost_of(work: Work) -> Cost:
    return Cost(
        lambda_usd=LAMBDA_USD_PER_GB_SECOND * Fraction(work.lambda_mb_ms, _MB_MS_PER_GB_S),
        sfn_usd=SFN_USD_PER_TRANSITION * work.transitions,
        mediaconvert_usd=Fraction(work.mediaconvert_microusd, 1_000_000),
    )
