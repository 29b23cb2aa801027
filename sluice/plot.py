"""A bar chart as SVG: groups of bars with their values written on them, for what benchmarks and the smoke test find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

_COLORS = ("#d9480f", "#f08c00", "#0b7285", "#0c8599", "#5c940d")
_BAR_WIDTH = 54
_GAP = 46
_PLOT_HEIGHT = 300
_TOP = 76
_LEFT = 40
_STYLE = "font-family: system-ui, sans-serif; fill: #1d2733"


@dataclass(frozen=True, slots=True)
class Group:
    """Bars that stand together, one value for each name of the chart."""

    name: str
    values: Sequence[float]


def bar_chart(title: str, names: Sequence[str], groups: Sequence[Group]) -> str:
    """An SVG document. All bars share one scale, which begins at 0."""
    tallest = max((value for group in groups for value in group.values), default=0) or 1
    group_width = len(names) * _BAR_WIDTH + _GAP
    width = max(2 * _LEFT + group_width * len(groups), 2 * _LEFT + 190 * len(names))
    height = _TOP + _PLOT_HEIGHT + 60
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" style="{_STYLE}">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="30" font-size="18" font-weight="600">{escape(title)}</text>',
    ]
    for index, name in enumerate(names):
        lines += _key(_LEFT + 190 * index, name, _COLORS[index % len(_COLORS)])
    for place, group in enumerate(groups):
        left = _LEFT + place * group_width
        for index, value in enumerate(group.values):
            tall = _PLOT_HEIGHT * value / tallest
            lines += _bar(left + index * _BAR_WIDTH, tall, value, _COLORS[index % len(_COLORS)])
        middle = left + len(group.values) * _BAR_WIDTH / 2
        lines.append(_text(middle, _TOP + _PLOT_HEIGHT + 34, group.name, 14))
    return "\n".join([*lines, "</svg>", ""])


def _key(x: float, name: str, color: str) -> list[str]:
    return [
        f'<rect x="{x}" y="44" width="12" height="12" rx="3" fill="{color}"/>',
        f'<text x="{x + 18}" y="55" font-size="12">{escape(name)}</text>',
    ]


def _bar(x: float, tall: float, value: float, color: str) -> list[str]:
    base = _TOP + _PLOT_HEIGHT + 12
    return [
        f'<rect x="{x:.1f}" y="{base - tall:.1f}" width="{_BAR_WIDTH - 6}" height="{tall:.1f}" rx="4" fill="{color}"/>',
        _text(x + (_BAR_WIDTH - 6) / 2, base - tall - 5, f"{value:.1f}", 12),
    ]


def _text(x: float, y: float, words: str, size: int) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="middle">{escape(words)}</text>'
