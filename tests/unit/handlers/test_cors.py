"""Which origins a page may call from."""

from __future__ import annotations

from chalicelib.handlers.cors import cors_config, origin_headers


def test_one_origin_is_fixed() -> None:
    """A single origin, or "*", is in the template and needs nothing more."""
    assert cors_config(("https://a.test",)).allow_origin == "https://a.test"
    assert origin_headers(("https://a.test",), "https://b.test") == {}


def test_several_origins_are_decided_per_answer() -> None:
    """The preflight allows any, the answer only who is listed."""
    origins = ("https://a.test", "https://b.test")
    assert cors_config(origins).allow_origin == "*"
    assert origin_headers(origins, "https://b.test")["Access-Control-Allow-Origin"] == "https://b.test"
    assert origin_headers(origins, None)["Access-Control-Allow-Origin"] == "https://a.test"
