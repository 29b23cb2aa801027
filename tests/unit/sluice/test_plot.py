from __future__ import annotations

from xml.etree import ElementTree

from sluice.plot import Group, bar_chart

SVG = "{http://www.w3.org/2000/svg}"


def test_bars_share_one_scale() -> None:
    """A value twice as large is a bar twice as tall, in whichever group it stands."""
    drawn = ElementTree.fromstring(bar_chart("t", ["a", "b"], [Group("one", [1, 2]), Group("two", [4, 0])]))  # noqa: S314  our own
    bars = [float(bar.get("height", "")) for bar in drawn.iter(f"{SVG}rect") if bar.get("rx") == "4"]
    assert bars == [75, 150, 300, 0]


def test_names_are_text_and_never_markup() -> None:
    """A name may hold what means something in SVG."""
    drawn = ElementTree.fromstring(bar_chart("a < b", ["&"], [Group("<x>", [1])]))  # noqa: S314  our own
    words = [text.text for text in drawn.iter(f"{SVG}text")]
    assert words == ["a < b", "&", "1.0", "<x>"]
