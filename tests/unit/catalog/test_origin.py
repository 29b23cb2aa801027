"""Which URLs and objects may be named, and what is shown of them."""

from __future__ import annotations

import pytest

from chalicelib.catalog.origin import Hosts, filename_of, named_object, shown_url
from chalicelib.errors import LocationNotAllowed, UrlNotAllowed

SECRET = "token=s3cr3t"


@pytest.mark.parametrize(
    ("allowed", "url"),
    [
        (("media.example.com",), "https://media.example.com/a.mp4"),
        (("media.example.com",), "https://MEDIA.example.com:8443/a.mp4"),
        (("*.example.com",), "https://a.b.example.com/a"),
        (("*",), "https://anything.example.org/a"),
        (("http://plain.example.com",), "http://plain.example.com/a"),
        (("http://plain.example.com",), "https://plain.example.com/a"),
    ],
)
def test_hosts_on_the_list_are_allowed(allowed: tuple[str, ...], url: str) -> None:
    """A name, the names below one, or all; plain http only where the entry says so."""
    assert Hosts(allowed).target(url).host


@pytest.mark.parametrize(
    ("allowed", "url"),
    [
        ((), "https://media.example.com/a"),
        (("example.com",), "https://media.example.com/a"),
        (("*.example.com",), "https://example.com/a"),
        (("*.example.com",), "https://badexample.com/a"),
        (("example.com",), "https://example.com.evil.org/a"),
        (("*",), "http://media.example.com/a"),
        (("http://a.example.com", "b.example.com"), "http://b.example.com/a"),
        (("http://a.example.com",), "http://a.example.com:8080/a"),
        (("*",), "https://media.example.com:22/a"),
        (("*",), "https://169.254.169.254/latest/meta-data"),
        (("*",), "https://10.0.0.1/a"),
        (("*",), "https://[::1]/a"),
        (("*",), "https://localhost/a"),
        (("http://*",), "http://127.0.0.1/a"),
        (("*",), "https://user:pass@media.example.com/a"),
        (("*",), "file:///etc/passwd"),
        (("*",), "ftp://media.example.com/a"),
        (("*",), "https://media.example.com\\@evil.org/"),
    ],
)
def test_everything_else_is_refused_without_the_secret(allowed: tuple[str, ...], url: str) -> None:
    """No list lets an inner address, another scheme or port through; the message never holds the query."""
    with pytest.raises(UrlNotAllowed) as refused:
        Hosts(allowed).target(f"{url}?{SECRET}")
    assert "s3cr3t" not in str(refused.value)


def test_this_machine_is_reached_only_where_that_is_on() -> None:
    """On the local AWS, by http and any port; and by no entry for others."""
    assert Hosts(("*",), loopback=True).target("http://127.0.0.1:8099/a").port == 8099
    with pytest.raises(UrlNotAllowed):
        Hosts(("*",), loopback=True).target("http://media.example.com/a")
    with pytest.raises(UrlNotAllowed):
        Hosts(("media.example.com",), loopback=True).target("http://localhost:8099/a")


def test_what_is_shown_of_a_url_holds_no_secret() -> None:
    """No query, no credentials, no fragment."""
    assert shown_url(f"https://u:p@a.example.com:8443/x/y.mp4?{SECRET}#z") == "https://a.example.com:8443/x/y.mp4"


def test_a_name_is_made_of_the_path() -> None:
    """Decoded, printable, not too long; none if the path has none."""
    assert filename_of("/x/caf%C3%A9%00.mp4?a=1") == "café.mp4"
    assert filename_of("/") is None
    assert len(filename_of("/" + "a" * 999) or "") == 255


def test_only_named_buckets_are_read_and_nothing_of_ours() -> None:
    """Whatever the URI looks like."""
    assert named_object("s3://own/films/a b.mp4", ["own", "extra"]) == ("own", "films/a b.mp4")
    assert named_object("s3://extra/renders/x", ["own", "extra"]) == ("extra", "renders/x")
    for uri in ("s3://other/a", "s3://own/renders/as_1/plan", "s3://own/uploads/as_1/source", "s3://own/", "own/a"):
        with pytest.raises(LocationNotAllowed):
            named_object(uri, ["own", "extra"])
