"""S3 URIs from outside."""

from __future__ import annotations

import pytest

from chalicelib.catalog.locations import (
    Location,
    audio_location,
    chunk_location,
    chunks_prefix,
    plan_location,
    project_location,
    receipt_location,
    render_object,
    render_prefix,
)
from chalicelib.errors import LocationNotAllowed


def test_what_a_render_makes_lies_below_its_prefix() -> None:
    """The layout is pinned here; chunks of two plans never meet."""
    prefix = render_prefix("s3://our-bucket/renders/x", "our-bucket", "PlanOutputS3Prefix")
    assert prefix == Location("our-bucket", "renders/x/")
    assert plan_location(prefix, "ab" * 32).uri == f"s3://our-bucket/renders/x/plan/{'ab' * 32}.json"
    assert audio_location(prefix, "cd" * 32, ".m4a").key == "renders/x/audio/cdcdcdcdcdcdcdcd.m4a"
    chunk = chunk_location(chunks_prefix(prefix, "ab" * 32), 7, ".mp4")
    assert chunk.key == "renders/x/abababababababab/chunks/00007.mp4"
    assert receipt_location(chunk).key == f"{chunk.key}.json"


@pytest.mark.parametrize(
    "uri",
    [
        "s3://other-bucket/projects/p.tar.gz",
        "s3://our-bucket/uploads/as_1/source",
        "s3://our-bucket/projects",
        "s3://our-bucket/projects/",
        "s3://our-bucket/projects/../renders/x",
        "s3://our-bucket//projects/x",
        "s3://our-bucket/projects//x",
        "https://our-bucket.s3.amazonaws.com/projects/p",
        "/projects/p",
        "",
        "s3://our-bucket/projects/a b",
        "s3://our-bucket/projects/" + "x" * 1000,
    ],
)
def test_projects_come_from_one_place(uri: str) -> None:
    """Another bucket, another prefix and what is no plain S3 URI are refused, and the field is named."""
    with pytest.raises(LocationNotAllowed, match="ProjectS3Uri"):
        project_location(uri, "our-bucket")


@pytest.mark.parametrize(
    "uri",
    [
        "s3://other-bucket/renders/x/",
        "s3://our-bucket/renders/",
        "s3://our-bucket/projects/x/",
        "s3://our-bucket/renders/../x/",
        "s3://our-bucket/renders/as_01/plan/",
        "s3://our-bucket/media/x/",
    ],
)
def test_outputs_go_to_one_place(uri: str) -> None:
    """Nothing is written outside renders/, nor among the plans of assets."""
    with pytest.raises(LocationNotAllowed, match="Prefix"):
        render_prefix(uri, "our-bucket", "PlanOutputS3Prefix")
    with pytest.raises(LocationNotAllowed, match="OutputS3Uri"):
        render_object(uri, "our-bucket", "OutputS3Uri")


def test_a_presigned_url_is_not_repeated() -> None:
    """Whoever sends one by mistake does not find its signature in a log."""
    with pytest.raises(LocationNotAllowed) as refused:
        project_location("https://our-bucket.s3.test/projects/p?X-Amz-Signature=secret", "our-bucket")
    assert "secret" not in refused.value.message + str(refused.value.context)
