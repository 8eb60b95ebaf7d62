"""A6: the caller's address is what a proxy of ours says, and otherwise the peer's own."""

import pytest

from api.http.client_address import client_address, network_of

PROXIES = ["10.0.0.1", "192.168.0.0/16", "fd00::/8"]


def scope(peer: str | None, *forwarded: str):
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    return {"type": "http", "client": (peer, 1) if peer else None, "headers": headers}


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", (), "203.0.113.9"),
        ("203.0.113.9", ("198.51.100.1",), "203.0.113.9"),  # not from a proxy of ours
        ("10.0.0.1", (), "10.0.0.1"),
        ("10.0.0.1", ("198.51.100.1",), "198.51.100.1"),
        ("10.0.0.1", ("1.2.3.4, 198.51.100.1",), "198.51.100.1"),  # the left part is the caller's own word
        ("10.0.0.1", ("1.2.3.4", "198.51.100.1"), "198.51.100.1"),
        ("10.0.0.1", ("198.51.100.1, 192.168.3.4",), "198.51.100.1"),
        ("fd00::1", ("2001:db8::5, 192.168.3.4, 10.0.0.1",), "2001:db8::5"),
        ("10.0.0.1", ("192.168.1.1",), "10.0.0.1"),
        ("10.0.0.1", ("198.51.100.1, nonsense",), "10.0.0.1"),
        ("10.0.0.1", ("",), "10.0.0.1"),
        ("10.0.0.1", (", ,",), "10.0.0.1"),
        (None, ("198.51.100.1",), "unknown"),
        ("testclient", ("198.51.100.1",), "testclient"),
    ],
)
def test_what_is_believed(peer, forwarded, address):
    assert client_address(scope(peer, *forwarded), PROXIES) == address


def test_without_a_configured_proxy_the_header_is_nothing():
    assert client_address(scope("127.0.0.1", "198.51.100.1"), []) == "127.0.0.1"


def test_a_proxy_behind_a_unix_socket():
    assert client_address(scope(None, "198.51.100.1"), ["unix"]) == "198.51.100.1"
    assert client_address(scope(None, "198.51.100.1, 10.0.0.1"), ["unix", "10.0.0.1"]) == "198.51.100.1"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("unknown", "unknown"),
    ],
)
def test_one_customer_is_one_network(address, network):
    assert network_of(address) == network
