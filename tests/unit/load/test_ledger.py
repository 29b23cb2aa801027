from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.catalog.asset import Asset, AssetError, AssetStatus, ProgressState
from load.ledger import Books, Told, violations

ID = "as_01j00000000000000000000000"
HLS = f"media/{ID}/plan/index.m3u8"
SEGMENT = f"media/{ID}/plan/360p/00001.m4s"
ASSET = Asset(
    id=ID,
    status=AssetStatus.READY,
    state=ProgressState.COMPLETED,
    created_at_ms=0,
    updated_at_ms=1,
    source_bucket="source",
    source_key=f"uploads/{ID}/source",
)
KINDS = ("asset.created", "upload.completed", "asset.updated", "asset.playable", "asset.ready")
RIGHT = Books(
    assets={ID: ASSET},
    events=tuple(Told(kind, ID, 1, pending=False) for kind in KINDS),
    uploads=frozenset({ASSET.source_key}),
    media=frozenset({HLS, f"media/{ID}/plan/360p/index.m3u8", SEGMENT, f"media/{ID}/plan/poster.jpg"}),
    named=frozenset({f"media/{ID}/plan/360p/index.m3u8", SEGMENT}),
    executions={f"{ID}-abc-1": "SUCCEEDED"},
)
ERRORED = replace(ASSET, status=AssetStatus.ERRORED, errors=(AssetError("execution-lost", "lost"),))


def test_books_that_are_right_say_nothing() -> None:
    """One asset, one publication, each event once."""
    assert violations(RIGHT, [ID], all_ready=True) == []


@pytest.mark.parametrize(
    ("books", "said"),
    [
        (replace(RIGHT, assets={}), "is lost"),
        (replace(RIGHT, assets={ID: ASSET, "as_2": replace(ASSET, id="as_2")}), "is a second asset"),
        (replace(RIGHT, assets={ID: replace(ASSET, status=AssetStatus.PREPARING)}), "is preparing"),
        (replace(RIGHT, assets={ID: ERRORED}), "is errored, execution-lost"),
        (replace(RIGHT, events=(*RIGHT.events, Told("asset.ready", ID, 1, pending=False))), "2 events asset.ready"),
        (replace(RIGHT, events=RIGHT.events[1:]), "0 events asset.created"),
        (replace(RIGHT, events=(*RIGHT.events, Told("asset.updated", ID, 1, pending=True))), "were not sent"),
        (replace(RIGHT, media=RIGHT.media | {f"media/{ID}/other/index.m3u8"}), "2 publications"),
        (replace(RIGHT, media=RIGHT.media - {SEGMENT}), "is not there"),
        (replace(RIGHT, media=RIGHT.media | {f"media/{ID}/plan/360p/00002.m4s"}), "belongs to nothing"),
        (replace(RIGHT, executions={f"{ID}-abc-1": "SUCCEEDED", f"{ID}-def-1": "SUCCEEDED"}), "had 2 executions"),
        (replace(RIGHT, executions={f"{ID}-abc-1": "RUNNING"}), "still runs"),
        (replace(RIGHT, uploads=frozenset()), "is gone"),
        (replace(RIGHT, dead_letters=1), "dead letters"),
    ],
)
def test_whatever_is_wrong_is_said(books: Books, said: str) -> None:
    """Loss, doubles, orphans, silence and work without end are each one sentence."""
    (sentence,) = [each for each in violations(books, [ID], all_ready=True) if said in each]
    assert sentence


def test_an_errored_asset_is_right_where_it_may_be_if_it_says_why() -> None:
    """Under faults an asset may be errored, but never without a reason."""
    events = RIGHT.events[:3]
    told = replace(RIGHT, assets={ID: ERRORED}, events=events, media=frozenset(), named=frozenset())
    assert violations(told, [ID], all_ready=False) == []
    silent = replace(told, assets={ID: replace(ERRORED, errors=())})
    assert violations(silent, [ID], all_ready=False) == [f"{ID} is errored and says not why"]
