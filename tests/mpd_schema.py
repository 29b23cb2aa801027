"""The part of the MPD schema that our manifests use, after ISO/IEC 23009-1 (5th edition), Annex B, in our own words.

Our own, because no package that pip or npm could install was found to bring the schema. Each element has its children
in the order of the schema, with how many there may be, and its attributes with the form of their values; those in
`required` must be there. An element or attribute that is not named here may well be allowed by the standard: it is to
be looked up there and added.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree import ElementTree

NAMESPACE = "{urn:mpeg:dash:schema:mpd:2011}"
ONE, MAYBE, SOME, ANY = (1, 1), (0, 1), (1, None), (0, None)

_UNSIGNED = r"[0-9]+"
_LONG = r"[0-9]+"
_BOOLEAN = r"true|false|1|0"
_DURATION = r"P(?=.)([0-9]+D)?(T(?=.)([0-9]+H)?([0-9]+M)?([0-9]+(\.[0-9]+)?S)?)?"
_URI = r"[^\s<>\"{}|\\^`]+"
_PROFILES = r"[^\s,]+(,[^\s,]+)*"
_LANGUAGE = r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*"
_RATIO = r"[0-9]*:[0-9]*"
_FRAME_RATE = r"[0-9]+(/[1-9][0-9]*)?"
_SAP = r"[0-6]"
_NO_WHITESPACE = r"[^\r\n\t \u00a0]+"
_TEXT = r".+"


@dataclass(frozen=True, slots=True)
class Kind:
    """What an element may hold; `text` is the form of its content, None where it has elements only."""

    children: tuple[tuple[str, tuple[int, int | None]], ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    required: frozenset[str] = frozenset()
    text: str | None = None


_COMMON_CHILDREN = (("AudioChannelConfiguration", ANY), ("Label", ANY))
_COMMON = (
    ("profiles", _PROFILES),
    ("width", _UNSIGNED),
    ("height", _UNSIGNED),
    ("sar", _RATIO),
    ("frameRate", _FRAME_RATE),
    ("audioSamplingRate", rf"{_UNSIGNED}( {_UNSIGNED})?"),
    ("mimeType", r"[a-z]+/[a-z0-9.+-]+"),
    ("codecs", r"[a-zA-Z0-9.\-]+"),
    ("startWithSAP", _SAP),
    ("selectionPriority", _UNSIGNED),
)
_SEGMENTS = (("timescale", _UNSIGNED), ("duration", _UNSIGNED), ("startNumber", _UNSIGNED))

KINDS = {
    "MPD": Kind(
        (("Period", SOME),),
        (
            ("profiles", _PROFILES),
            ("type", "static"),
            ("mediaPresentationDuration", _DURATION),
            ("maxSegmentDuration", _DURATION),
            ("minBufferTime", _DURATION),
        ),
        frozenset({"profiles", "minBufferTime"}),
    ),
    "Period": Kind((("AdaptationSet", SOME),), (("id", _TEXT), ("start", _DURATION), ("duration", _DURATION))),
    "AdaptationSet": Kind(
        (
            *_COMMON_CHILDREN,
            ("Role", ANY),
            ("BaseURL", ANY),
            ("SegmentList", MAYBE),
            ("SegmentTemplate", MAYBE),
            ("Representation", SOME),
        ),
        (
            ("id", _UNSIGNED),
            ("lang", _LANGUAGE),
            ("contentType", "text|image|audio|video|application|font"),
            ("par", _RATIO),
            ("maxWidth", _UNSIGNED),
            ("maxHeight", _UNSIGNED),
            ("segmentAlignment", _BOOLEAN),
            *_COMMON,
        ),
    ),
    "Representation": Kind(
        (*_COMMON_CHILDREN, ("BaseURL", ANY), ("SegmentList", MAYBE), ("SegmentTemplate", MAYBE)),
        (("id", _NO_WHITESPACE), ("bandwidth", _UNSIGNED), *_COMMON),
        frozenset({"id", "bandwidth"}),
    ),
    "SegmentTemplate": Kind((("SegmentTimeline", MAYBE),), (*_SEGMENTS, ("media", _URI), ("initialization", _URI))),
    "SegmentList": Kind((("Initialization", MAYBE), ("SegmentTimeline", MAYBE), ("SegmentURL", ANY)), _SEGMENTS),
    "SegmentTimeline": Kind((("S", SOME),)),
    "S": Kind((), (("t", _LONG), ("d", _LONG), ("r", r"-?[0-9]+")), frozenset({"d"})),
    "Initialization": Kind((), (("sourceURL", _URI), ("range", r"[0-9]*-[0-9]*"))),
    "SegmentURL": Kind((), (("media", _URI), ("mediaRange", r"[0-9]*-[0-9]*"))),
    "BaseURL": Kind(text=_URI),
    "Label": Kind(text=_TEXT),
    "Role": Kind((), (("schemeIdUri", _URI), ("value", _TEXT)), frozenset({"schemeIdUri"})),
    "AudioChannelConfiguration": Kind((), (("schemeIdUri", _URI), ("value", _TEXT)), frozenset({"schemeIdUri"})),
}


def problems(document: str) -> list[str]:
    """Everything about a manifest that the schema does not allow; empty if it is valid."""
    root = ElementTree.fromstring(document)  # noqa: S314  our own document
    found = list(_problems(root, "MPD")) if root.tag == f"{NAMESPACE}MPD" else [f"the root is {root.tag}"]
    return found + _identity_problems(root)


def _problems(element: ElementTree.Element, name: str) -> list[str]:
    kind = KINDS[name]
    found = [f"{name}: {attribute} is missing" for attribute in sorted(kind.required - element.attrib.keys())]
    forms = dict(kind.attributes)
    for attribute, value in element.attrib.items():
        if attribute not in forms:
            found.append(f"{name}: there is no {attribute}")
        elif not re.fullmatch(forms[attribute], value):
            found.append(f"{name}: {attribute} is {value!r}")
    text = (element.text or "").strip()
    if not re.fullmatch(kind.text or "", text):
        found.append(f"{name}: its content is {text!r}")
    names = [child.tag.removeprefix(NAMESPACE) for child in element]
    allowed = [child for child, _ in kind.children]
    found += [f"{name}: {child} is not allowed there" for child in names if child not in allowed]
    known = [allowed.index(child) for child in names if child in allowed]
    if known != sorted(known):
        found.append(f"{name}: its children are out of order: {', '.join(names)}")
    for child, (least, most) in kind.children:
        if not least <= names.count(child) <= (most if most is not None else len(names)):
            found.append(f"{name}: {names.count(child)} of {child}")
    for child_element, child in zip(element, names, strict=True):
        if child in allowed:
            found += _problems(child_element, child)
    return found


def _identity_problems(root: ElementTree.Element) -> list[str]:
    """What the standard says beside the schema: ids are unique in a Period (5.3.3.2, 5.3.5.2), and an element describes
    its segments in one way (5.3.9.1).
    """
    found = []
    for period in root.iter(f"{NAMESPACE}Period"):
        for kind in ("AdaptationSet", "Representation"):
            ids = [element.get("id") for element in period.iter(f"{NAMESPACE}{kind}")]
            found += [
                f"two {kind} elements are {each}"
                for each in sorted({each or "" for each in ids if ids.count(each) > 1})
            ]
    for element in root.iter():
        described = [
            child for child in element if child.tag in (f"{NAMESPACE}SegmentList", f"{NAMESPACE}SegmentTemplate")
        ]
        if len(described) > 1:
            found.append(f"{element.tag.removeprefix(NAMESPACE)}: its segments are described twice")
    return found
