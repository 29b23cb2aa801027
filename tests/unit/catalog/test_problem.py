"""Problem documents (RFC 9457)."""

from __future__ import annotations

import pytest

from chalicelib.catalog.problem import pointer_of, problem
from chalicelib.errors import UploadNotOpen, all_errors


def test_a_problem_says_everything_once() -> None:
    """The document has the error's code, status and message, the request, and the context as extensions."""
    error = UploadNotOpen("the upload is cancelled", upload_id="up_1", status="spoof", code="spoof", cause=ValueError())
    document = problem(error, instance="/v1/uploads/up_1/complete", request_id="r-1")
    assert document == {
        "type": "urn:sluice:error:upload-not-open",
        "title": "Upload not open",
        "status": 409,
        "detail": "the upload is cancelled",
        "instance": "/v1/uploads/up_1/complete",
        "code": "upload-not-open",
        "request_id": "r-1",
        "errors": [],
        "upload_id": "up_1",
    }


def test_codes_are_unique() -> None:
    """Every error of the table has a code of its own."""
    codes = [error.code() for error in all_errors()]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("message", "pointer"),
    [
        ("Expected `int`, got `str` - at `$.size`", "/size"),
        ("Expected `int`, got `str` - at `$.parts[3].part_number`", "/parts/3/part_number"),
        ("Expected `object`, got `int`", ""),
        ("Object missing required field `size`", ""),
        ("Expected `str`, got `int` - at `$.asset.meta[...]`", "/asset/meta/..."),
    ],
)
def test_pointers_come_from_msgspec(message: str, pointer: str) -> None:
    """msgspec's path becomes a JSON pointer (RFC 6901)."""
    assert pointer_of(message) == pointer
