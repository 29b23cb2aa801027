"""Records survive the way into DynamoDB and back."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.aws.records import decode_record, encode_record, encode_value, removed_fields
from chalicelib.catalog.asset import Asset, AssetChange, AssetStatus, ProgressState
from chalicelib.catalog.upload import Upload
from tests.unit.catalog.samples import an_asset, an_upload


def test_a_full_asset_survives() -> None:
    """Every field of an asset comes back as it was."""
    asset = an_asset()
    assert decode_record(encode_record(asset), Asset) == asset


def test_a_bare_asset_survives() -> None:
    """Fields without a value are no attributes at all, and come back as their defaults."""
    bare = Asset("as_1", AssetStatus.WAITING, ProgressState.INGESTING, 1, 1, "source", "key")
    values = encode_record(bare)
    assert "duration" not in values
    assert decode_record(values, Asset) == bare


def test_an_upload_without_a_size_survives() -> None:
    """A required field that is None is stored as nothing."""
    upload = an_upload(size_bytes=None)
    assert decode_record(encode_record(upload), Upload) == upload


@given(st.fractions(min_value=0), st.text())
def test_fractions_and_text_are_exact(duration: Fraction, passthrough: str) -> None:
    """Time is stored as a fraction, and text as it is."""
    asset = an_asset(duration=duration, passthrough=passthrough)
    assert decode_record(encode_record(asset), Asset) == asset


def test_what_conditions_speak_of_is_plain() -> None:
    """Statuses, texts and numbers are attributes of their own kind, not JSON."""
    values = encode_record(an_asset())
    assert values["status"] == {"S": "preparing"}
    assert values["source_size_bytes"] == {"N": "123456"}
    assert values["source_etag"] == {"S": "0cc175b9c0f1b6a831c399e269772661"}


def test_other_attributes_are_ignored() -> None:
    """Keys of the table and fields of a later version do not disturb."""
    asset = an_asset()
    assert decode_record({**encode_record(asset), "pk": {"S": "x"}, "new": {"N": "1"}}, Asset) == asset


def test_a_change_tells_removal_from_silence() -> None:
    """None removes a field, UNSET leaves it alone."""
    change = AssetChange(status=AssetStatus.READY, plan_hash=None)
    assert encode_record(change) == {"status": {"S": "ready"}}
    assert removed_fields(change) == ["plan_hash"]


def test_booleans_are_refused() -> None:
    """A boolean would come back as a number."""
    with pytest.raises(TypeError):
        encode_value(True)
