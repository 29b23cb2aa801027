"""The events of the Render function: two jobs, three actions, and what is around them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.errors import ActionUnknown
from chalicelib.handlers.render import (
    AssembleCompositionEvent,
    AssembleEvent,
    ChunkCompositionEvent,
    ChunkEvent,
    PlanCompositionEvent,
    PlanEvent,
    parse_render_event,
)
from sluice.paths import Project

SAMPLES = Project.here().state_machines / "sample-events"
PLAN = {"Action": "plan", "ProjectS3Uri": "s3://b/p", "PlanOutputS3Prefix": "s3://b/r/", "Config": {"fps": 30}}


def _sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text())


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("plan", PlanCompositionEvent),
        ("render-chunk", ChunkCompositionEvent),
        ("assemble", AssembleCompositionEvent),
    ],
)
def test_every_sample_is_an_event(name: str, kind: type) -> None:
    """What a newcomer copies is understood as it stands."""
    assert isinstance(parse_render_event(_sample(name)), kind)


def test_the_machines_own_events_are_understood() -> None:
    """The action is outside, what it is about inside: the execution's input for Plan, Plan's answer for the others."""
    planned = parse_render_event({"Action": "plan", "Input": _sample("execution")})
    assert isinstance(planned, PlanCompositionEvent)
    assert planned.output_uri == "s3://example-bucket/renders/sample/output.mp4"
    job = {"PlanS3Uri": "u", "PlanHash": "h", "ChunkOutputS3Prefix": "p", "Format": "mp4", "RenderId": None}
    chunk = parse_render_event({"Action": "renderChunk", "ChunkIndex": 3, "Input": job})
    assert isinstance(chunk, ChunkCompositionEvent)
    assert (chunk.index, chunk.plan_hash, chunk.render_id) == (3, "h", None)
    end = parse_render_event({"Action": "assemble", "Input": {**job, "OutputS3Uri": "o", "RenderId": "rn_1"}})
    assert isinstance(end, AssembleCompositionEvent)
    assert (end.chunk_uris, end.prefix_uri, end.render_id) == (None, "p", "rn_1")


def test_an_asset_in_the_input_means_publishing() -> None:
    """The same actions, told apart by whom they are about."""
    start = {"AssetId": "as_1", "Etag": "e", "Attempt": 1}
    assert parse_render_event({"Action": "plan", "Input": start}) == PlanEvent("as_1")
    job = {"AssetId": "as_1", "PlanHash": "h"}
    assert parse_render_event({"Action": "renderChunk", "ChunkIndex": 0, "Input": job}) == ChunkEvent("as_1", "h", 0)
    assert parse_render_event({"Action": "assemble", "Input": job}) == AssembleEvent("as_1", "h")


def test_envelopes_are_opened() -> None:
    """Up to four of them, Payload or Input, in any order; a fifth is no event of ours."""
    event: dict[str, Any] = PLAN
    for name in ("Payload", "Input", "Payload", "Input"):
        event = {name: event}
        assert parse_render_event(event) == parse_render_event(PLAN)
    with pytest.raises(ActionUnknown):
        parse_render_event({"Payload": event})


def test_the_outside_of_an_envelope_counts() -> None:
    """What an execution's input says cannot change what the machine asks for."""
    inside = {**PLAN, "Action": "assemble", "RenderId": "rn_2"}
    event = parse_render_event({"Action": "plan", "RenderId": "rn_1", "Input": inside})
    assert isinstance(event, PlanCompositionEvent)
    assert event.render_id == "rn_1"


@pytest.mark.parametrize(
    "event",
    [
        {**PLAN, "Action": "render"},
        {name: value for name, value in PLAN.items() if name != "Action"},
        {name: value for name, value in PLAN.items() if name != "ProjectS3Uri"},
        {**PLAN, "ProjectS3Uri": 3},
        {"Action": "renderChunk", "PlanS3Uri": "u", "PlanHash": "h", "ChunkIndex": "0", "Format": "mp4"},
        {"Action": "assemble", "PlanS3Uri": "u", "OutputS3Uri": "o", "Format": "mp4", "ChunkS3Uris": "u"},
        {"Payload": [PLAN]},
    ],
)
def test_what_is_no_event_is_refused(event: dict[str, Any]) -> None:
    """An unknown action, a missing field, a value of another kind."""
    with pytest.raises(ActionUnknown):
        parse_render_event(event)
