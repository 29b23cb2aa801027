"""Where webhooks may go, and where never."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.catalog.target import Target, UnfitTarget, is_public, may_connect, parse_target

INSIDE = [
    "127.0.0.1",
    "127.1.2.3",
    "0.0.0.0",  # noqa: S104  an address to refuse
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "169.254.170.2",
    "100.64.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001:0:1::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "ff02::1",
    "2001:db8::1",
    "192.88.99.1",
    "fec0::1",
    "5f00::1",
    "3fff::1",
]


@pytest.mark.parametrize("address", INSIDE)
def test_no_address_inside_is_public(address: str) -> None:
    """Private, loopback, link-local, shared, reserved, multicast, and IPv4 in any disguise."""
    assert not is_public(address)
    with pytest.raises(UnfitTarget):
        parse_target(f"https://{f'[{address}]' if ':' in address else address}/", loopback=False)


@pytest.mark.parametrize("address", ["8.8.8.8", "52.94.76.1", "2600:1f18::1", "2a00:1450:4001::1"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    """Of both families."""
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_never_public(address: object) -> None:
    """Whatever it maps."""
    assert not is_public(f"::ffff:{address}")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example.com",
        "http://hooks.example.com/",
        "ftp://hooks.example.com/",
        "file:///etc/passwd",
        "https:///path",
        "https://user:pass@hooks.example.com/",
        "https://@hooks.example.com/",
        "https://hooks.example.com:22/",
        "https://hooks.example.com:80/",
        "https://hooks.example.com:99999/",
        "https://hooks.example.com/#part",
        "https://hooks.example.com\\@127.0.0.1/",
        "https://hooks.example.com/ x",
        "https://hooks.example.com/\r\nHost: a",
        "https://h\u00f6\u00f6ks.example.com/",
        "https://localhost/",
        "https://box.local/",
        "https://ip-10-0-0-1.ec2.internal/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://127.1/",
        "https://0177.0.0.1/",
        "https://[::1/",
        "https://a..example.com/",
        "https://example.com/" + "a" * 2048,
    ],
)
def test_unfit_urls_are_refused(url: str) -> None:
    """Whatever is not https to a public name on a port of ours."""
    with pytest.raises(UnfitTarget, match="Expected"):
        parse_target(url, loopback=False)


def test_a_target_speaks_of_the_name() -> None:
    """Host header, port and path are the URL's."""
    assert parse_target("https://Hooks.Example.com?a=b", loopback=False) == Target(
        "https", "hooks.example.com", 443, "/?a=b"
    )
    target = parse_target("https://hooks.example.com:8443/in?x=1&y", loopback=False)
    assert (target.authority, target.port, target.path) == ("hooks.example.com:8443", 8443, "/in?x=1&y")
    assert parse_target("https://[2600:1f18::1]/", loopback=False).authority == "[2600:1f18::1]"


def test_this_machine_is_named_only_where_allowed() -> None:
    """By http and any port too, but a name that resolves to it is not enough."""
    for url in ("http://127.0.0.1:4242/", "http://localhost:4242/", "http://[::1]:4242/"):
        assert parse_target(url, loopback=True).port == 4242
        with pytest.raises(UnfitTarget):
            parse_target(url, loopback=False)
    with pytest.raises(UnfitTarget):
        parse_target("http://hooks.example.com/", loopback=True)
    at_home = parse_target("http://localhost:4242/", loopback=True)
    assert may_connect(at_home, "127.0.0.1", loopback=True)
    assert not may_connect(at_home, "10.0.0.1", loopback=True)
    abroad = parse_target("https://hooks.example.com/", loopback=True)
    assert not may_connect(abroad, "127.0.0.1", loopback=True)
    assert may_connect(abroad, "8.8.8.8", loopback=True)
