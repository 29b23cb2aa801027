"""Where a webhook may be sent, or a source fetched from: never into this machine, the network around it, or AWS's
metadata service (SSRF).

Two checks. `parse_target` looks at the URL alone, when it is given and each time it is used. `is_public` looks at an
address that its name was resolved to; the connection is made to the very address that was checked (tools/pinned.py), so
a name that resolves to another one a moment later (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

MAX_LENGTH = 2048
PORTS = frozenset({443, 8443})
PLAIN_PORTS = frozenset({80})

_DEFAULT_PORTS = {"https": 443, "http": 80}
_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*\.?")
_PRINTABLE = re.compile(r"[\x21-\x7e]+")
# Beyond what `ipaddress` calls not global, which differs from one Python to the next (IANA special-purpose registries):
# protocol assignments, shared, 6to4 relays, benchmarks; and IPv6 that holds an address of IPv4, to which a gateway may
# pass it on: Teredo (within the protocol assignments) and 6to4. Compatible, mapped and NAT64 are outside 2000::/3.
_SPECIAL = tuple(
    ip_network(text)
    for text in (
        "192.0.0.0/24",
        "100.64.0.0/10",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "2001::/23",
        "2002::/16",
        "3fff::/20",
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")


class UnfitTarget(ValueError):
    """Why nothing is sent there or fetched from there, in words for who named it."""


@dataclass(frozen=True, slots=True)
class Target:
    """`authority` is the Host header; `path` has the query with it."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def parse_target(url: str, *, loopback: bool, plain: bool = False) -> Target:
    """The parts of a URL.

    Args:
        loopback: Whether this very machine may be named, and then by http and any port too: on the local AWS.
        plain: Whether any host may be named by http too, on port 80.

    Raises:
        UnfitTarget: If nothing may be sent there.
    """
    if len(url) > MAX_LENGTH or not _PRINTABLE.fullmatch(url) or "\\" in url:
        raise UnfitTarget(f"Expected a URL of at most {MAX_LENGTH} printable ASCII characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UnfitTarget("Expected a URL") from error
    host = (parts.hostname or "").lower()
    if parts.username is not None or parts.password is not None:
        raise UnfitTarget("Expected a URL without credentials")
    if parts.fragment:
        raise UnfitTarget("Expected a URL without a fragment")
    at_home = loopback and _is_loopback(host)
    if parts.scheme != "https" and not ((at_home or plain) and parts.scheme == "http"):
        raise UnfitTarget("Expected an https URL")
    public = is_public(host) if _literal(host) is not None else _is_public_name(host)
    if not at_home and not public:
        raise UnfitTarget("Expected the name or address of a host on the public internet")
    port = _DEFAULT_PORTS[parts.scheme] if port is None else port
    ports = PORTS if parts.scheme == "https" else PLAIN_PORTS
    if not at_home and port not in ports:
        raise UnfitTarget(f"Expected one of the ports {', '.join(map(str, sorted(ports)))}")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port, path)


def may_connect(target: Target, address: str, *, loopback: bool) -> bool:
    """Whether an address that the target's name was resolved to may be connected to."""
    if loopback and _is_loopback(target.host):
        return ip_address(address).is_loopback
    return is_public(address)


def is_public(address: str) -> bool:
    """Whether an address is on the public internet. False for whatever is not an address."""
    found = _literal(address)
    if found is None or found.is_multicast or found.is_reserved or not found.is_global:
        return False
    if isinstance(found, IPv6Address) and found not in _GLOBAL_UNICAST:
        return False
    return not any(found in network for network in _SPECIAL)


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    """The address, if the host is one; an IPv6 address with a zone is none of ours."""
    try:
        return ip_address(host) if "%" not in host else None
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    address = _literal(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _is_public_name(host: str) -> bool:
    """A name with a dot whose last label is no number, which some resolvers would take for an address."""
    labels = host.rstrip(".").split(".")
    return (
        len(host) <= 253
        and _NAME.fullmatch(host) is not None
        and len(labels) > 1
        and not re.fullmatch(r"\d+|0x[0-9a-f]*", labels[-1])
        and labels[-1] not in ("localhost", "local", "internal")
    )
