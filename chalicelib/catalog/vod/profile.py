"""Which job template a source gets, and how large a picture in its frame is.

The highest of 2160, 1080 and 720 lines that is not above the source as displayed: after rotation and pixel aspect
ratio, lying or standing (`media.ladder.source_rung`). Below 720 lines it is still the 720 template, whose larger
outputs are left out. A source is never enlarged.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from chalicelib.media.ladder import fit_even, source_rung

PROFILES = (2160, 1080, 720)


def choose_profile(width: int, height: int) -> int:
    """The profile of a source of this displayed size."""
    rung = source_rung(width, height)
    return next((profile for profile in PROFILES if profile <= rung), PROFILES[-1])


def template_of(profile: int, templates: Sequence[str]) -> str:
    """`templates` are those of PROFILES, in that order."""
    return templates[PROFILES.index(profile)]


def fit_box(width: int, height: int, box_height: int) -> tuple[int, int]:
    """The displayed size, shrunk to fit the 16:9 frame of this height, lying or standing; never enlarged."""
    return fit_even(width, height, min(Fraction(1), Fraction(box_height, source_rung(width, height))))


def template_names(name: str) -> tuple[str, ...]:
    """The names to look for, in order: as asked, its `_fixed` form, and the same of the other family of templates."""
    other = name
    if "_mvod_" in name:
        other = name.replace("_mvod_", "_qvbr_", 1)
    elif "_qvbr_" in name:
        other = name.replace("_qvbr_", "_mvod_", 1)
    names = [
        each for family in (name, other) for each in ((family,) if "_fixed" in family else (family, f"{family}_fixed"))
    ]
    return tuple(dict.fromkeys(names))
