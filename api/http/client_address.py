"""The caller's network address, believed only as far as it can be.

``X-Forwarded-For`` is what the caller says about itself, unless a proxy of ours wrote the last part of it. So
the peer's own address counts; if that is a configured proxy, the header is read from its right end, past
further proxies of ours, to the first address that none of them vouches for. (CVE-2025-59152: a limiter that
believed the header was no limit.)
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from litestar import Request
from litestar.datastructures import Headers
from litestar.types import Scope

UNKNOWN = "unknown"  # a server behind a unix socket names no peer


def provide_client_address(request: Request) -> str:
    """The ``client_address`` dependency."""
    return client_address(request.scope, request.app.state.settings.trusted_proxies)


def client_address(scope: Scope, trusted_proxies: list[str]) -> str:
    """The address of who sent the request.

    ``trusted_proxies`` are addresses, networks (``10.0.0.0/8``), or ``unix`` for a proxy that comes by unix
    socket.
    """
    client = scope.get("client")
    peer = client[0] if client else UNKNOWN
    if not _is_trusted(peer, trusted_proxies):
        return peer
    headers = Headers.from_scope(scope).getall("x-forwarded-for", [])
    for hop in reversed([part.strip() for header in headers for part in header.split(",")]):
        if _parsed(hop) is None:
            return peer  # whoever wrote this is not one of ours
        if not _is_trusted(hop, trusted_proxies):
            return hop
    return peer


def network_of(address: str) -> str:
    """What counts as one network: an IPv4 address, or the /64 that an IPv6 customer has for itself."""
    parsed = _parsed(address)
    if parsed is None:
        return address
    if isinstance(parsed, IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped or ip_network((int(parsed), 64), strict=False))
    return str(parsed)


def _is_trusted(address: str, trusted_proxies: list[str]) -> bool:
    if address == UNKNOWN:
        return "unix" in trusted_proxies
    parsed = _parsed(address)
    return parsed is not None and any(
        parsed in ip_network(proxy, strict=False) for proxy in trusted_proxies if proxy != "unix"
    )


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(address)
    except ValueError:
        return None
