"""Where requests may go: rules about URLs and network addresses (A16).

Whoever names a URL makes this installation send to it, from inside its network. So nothing is reachable but public
hosts, by https, at the ports of https; the name is resolved once, every address it has is checked, and the request goes
to an address that was checked (see `sending`), not to whatever the name means a moment later.

The networks are listed here and not asked of `ipaddress`, whose opinion of several of them differs between releases of
Python.
"""

import re
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import urlsplit

from api.webhooks.models import URL_LENGTH

Address = IPv4Address | IPv6Address

PORTS = (443, 8443)

#: IANA's registry of special-purpose addresses, multicast and reserved ones, and a cloud's inner address that
#: looks public (168.63.129.16, Azure).
_CLOSED_IPV4 = tuple(
    ip_network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24"),
        *("192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
        *("224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32"),
    )
)
#: Of IPv6 only what is given out to the public. IPv4-mapped, NAT64, unique local, link-local, multicast and loopback
#: addresses lie outside of it; inside lie the tunnels that carry an IPv4 address, and documentation.
_OPEN_IPV6 = ip_network("2000::/3")
_CLOSED_IPV6 = tuple(
    ip_network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)

_VISIBLE = re.compile(r"[!-~]+")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
# What a browser or a C library would take for an IPv4 address in another spelling: 2130706433, 0x7f.1, 017700000001.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


class BadUrl(ValueError):
    """A URL that nothing is sent to; the text says what to do about it."""


class Target(NamedTuple):
    """What a URL says. ``host`` is a name in small letters or an address; ``path`` holds the query too.

    ``insecure``: the operator has named this host as one that may be anywhere, and be asked without TLS.
    """

    is_https: bool
    host: str
    port: int
    path: str
    insecure: bool

    @property
    def host_header(self) -> str:
        """What the request's ``Host`` says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.is_https else 80) else f"{host}:{self.port}"


def parse_url(url: str, insecure_hosts: Collection[str] = ()) -> Target:
    """``url`` taken apart, if it is one that may be sent to.

    ``insecure_hosts`` are names or addresses, with ``:port`` or for all ports. Raises BadUrl.
    """
    if len(url) > URL_LENGTH:
        raise BadUrl(f"must have at most {URL_LENGTH} characters")
    # Before it is taken apart: the parser would drop line breaks, and a backslash means different things to different
    # parsers.
    if not _VISIBLE.fullmatch(url) or "\\" in url:
        raise BadUrl("must be a URL in visible ASCII characters (write a foreign name as xn--...)")
    try:
        parts = urlsplit(url)
        port, name = parts.port, parts.hostname or ""
    except ValueError:
        raise BadUrl("is not a URL") from None
    if parts.username is not None or parts.password is not None:
        raise BadUrl("must not hold a user name or a password")
    if parts.fragment or "#" in url:
        raise BadUrl("must not have a fragment (#...)")
    if parts.scheme not in ("http", "https") or not name:
        raise BadUrl("must begin with https and name a host")
    host = _host(name)
    is_https = parts.scheme == "https"
    port = port if port is not None else (443 if is_https else 80)
    insecure = bool({host, f"{host}:{port}"} & {known.lower() for known in insecure_hosts})
    if not insecure:
        _check(is_https, host, port)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(is_https, host, port, path, insecure)


def _check(is_https: bool, host: str, port: int) -> None:
    if not is_https:
        raise BadUrl("must begin with https")
    if port not in PORTS:
        raise BadUrl(f"the port must be one of {', '.join(map(str, PORTS))}")
    address = as_address(host)
    if address is not None and not is_public(address):
        raise BadUrl("the address is not a public one")


def _host(name: str) -> str:
    host = name.lower()
    address = as_address(host)
    if address is not None:
        return str(address)
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        raise BadUrl("an IPv4 address must be written as four decimal numbers")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise BadUrl("the host is not a name")
    return host


def as_address(text: str) -> Address | None:
    """``text`` as an address in its usual spelling; None for anything else, an address with a zone (%) included."""
    if "%" in text:
        return None
    try:
        return ip_address(text)
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Whether requests may go to this address."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _CLOSED_IPV4)
    return address in _OPEN_IPV6 and not any(address in network for network in _CLOSED_IPV6)
