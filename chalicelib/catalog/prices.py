"""List prices by region, and what the work on an asset has cost by them.

An estimate: AWS Lambda's memory (first tier) and Step Functions Standard, without free tiers, storage, requests or
delivery. A function's disk above 512 MB and its invocations are priced here too, for benchmarks; a bill leaves them
out, since they are below a hundredth of it. US dollars. Where the figures are from, each as it stood when it was read:

- Lambda, all rows: the table of Remotion (github.com/remotion-dev/remotion, `pricing` of @remotion/lambda), which takes
  it from AWS's own calculator (calculator.aws, lambda.json); that of Artillery 2.0.28 (`aws-lambda/prices.js`) agrees.
  us-east-1 was compared with AWS's Price List of 2026-09-29, as github's GitDAM `infra_model.py` quotes it.
- Step Functions: `sfCosts` of aws-lambda-power-tuning 4.3.4 (github.com/alexcasalboni/aws-lambda-power-tuning).

None of it was fetched from AWS by us: check against AWS's price pages before a decision rests on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from chalicelib.catalog.asset import Work

PRICED_ON = "2026-09-29"
DEFAULT_REGION = "us-east-1"
EXCLUDED = ("s3", "cdn")

_MB_MS_PER_GB_S = 1024 * 1000


@dataclass(frozen=True, slots=True)
class RegionPrices:
    """US dollars per GB-second of memory, by architecture, per GB-second of disk, per invocation, per transition."""

    region: str
    lambda_x86_gb_s: Fraction
    lambda_arm_gb_s: Fraction
    disk_gb_s: Fraction
    invocation: Fraction
    transition: Fraction


def _row(region: str, disk: str, transition: str = "0.000025") -> tuple[str, RegionPrices]:
    """Memory and invocations cost the same in every region of the table."""
    memory = (Fraction("0.0000166667"), Fraction("0.0000133334"))
    return region, RegionPrices(region, *memory, Fraction(disk), Fraction("0.0000002"), Fraction(transition))


REGIONS: dict[str, RegionPrices] = dict(
    (
        _row("us-east-1", "0.0000000309"),
        _row("us-east-2", "0.0000000309"),
        _row("us-west-2", "0.0000000309"),
        _row("eu-west-1", "0.0000000340"),
        _row("eu-central-1", "0.0000000367"),
        _row("ap-northeast-1", "0.0000000370"),
        _row("ap-southeast-1", "0.0000000370"),
        _row("ap-southeast-2", "0.0000000370"),
        _row("ap-south-1", "0.0000000352", "0.0000285"),
        _row("sa-east-1", "0.0000000586", "0.0000375"),
    )
)
# Of regions that are not in the table: the first of the same area, by the beginning of its name.
_AREAS = (
    ("us-", "us-east-1"),
    ("ca-", "us-east-1"),
    ("mx-", "us-east-1"),
    ("eu-central", "eu-central-1"),
    ("eu-", "eu-west-1"),
    ("il-", "eu-central-1"),
    ("me-", "eu-central-1"),
    ("ap-south-", "ap-south-1"),
    ("ap-northeast", "ap-northeast-1"),
    ("ap-east", "ap-northeast-1"),
    ("ap-southeast", "ap-southeast-1"),
    ("sa-", "sa-east-1"),
)


def prices_of(region: str) -> RegionPrices:
    """The row of a region, or of one near it; `region` of the answer says which."""
    if region in REGIONS:
        return REGIONS[region]
    near = next((known for prefix, known in _AREAS if region.startswith(prefix)), DEFAULT_REGION)
    return REGIONS[near]


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
    prices = prices_of(work.region)
    return Cost(
        lambda_usd=prices.lambda_x86_gb_s * Fraction(work.lambda_mb_ms, _MB_MS_PER_GB_S),
        sfn_usd=prices.transition * work.transitions,
        mediaconvert_usd=Fraction(work.mediaconvert_microusd, 1_000_000),
    )
