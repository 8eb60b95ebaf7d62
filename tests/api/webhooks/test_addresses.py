"""Where requests may go (A16): every spelling of an inner address, and what else a URL can hide."""

from ipaddress import ip_address

import pytest

from api.webhooks.addresses import BadUrl, as_address, is_public, parse_url

CLOSED = [
    *("0.0.0.0", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254"),
    *("169.254.169.254", "169.254.0.1", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1"),
    *("192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1"),
    *("240.0.0.1", "255.255.255.255", "168.63.129.16"),
    *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b:1::1"),
    *("100::1", "2001::1", "2001:db8::1", "2002:7f00:1::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254"),
    *("fe80::1", "fec0::1", "ff02::1"),
]
OPEN = ["8.8.8.8", "93.184.216.34", "172.32.0.1", "2606:2800:220:1:248:1893:25c8:1946", "2a00:1450::1"]

REFUSED = [
    ("http://hooks.example.com/", "https"),
    ("ftp://hooks.example.com/", "https"),
    ("file:///etc/passwd", "https"),
    ("gopher://hooks.example.com", "https"),
    ("//hooks.example.com/", "https"),
    ("hooks.example.com", "https"),
    ("https://", "name a host"),
    ("https:///path", "name a host"),
    ("https://user@hooks.example.com/", "user name"),
    ("https://user:secret@hooks.example.com/", "user name"),
    ("https://@hooks.example.com/", "user name"),
    ("https://hooks.example.com#@10.0.0.1/", "fragment"),
    ("https://hooks.example.com/#", "fragment"),
    ("https://hooks.example.com:22/", "port"),
    ("https://hooks.example.com:80/", "port"),
    ("https://hooks.example.com:0/", "port"),
    ("https://hooks.example.com:6379/", "port"),
    ("https://hooks.example.com:99999/", "not a URL"),
    ("https://hooks.example.com:x/", "not a URL"),
    ("https://[::1/", "not a URL"),
    ("https://[hooks.example.com]/", "not a URL"),
    ("https://hooks.example.com\\@10.0.0.1/", "visible ASCII"),
    ("https://hooks.example.com/a b", "visible ASCII"),
    ("https://hooks.example.com/\r\nHost: x", "visible ASCII"),
    ("https://hooks.exam\tple.com/", "visible ASCII"),
    ("https://hooks.example.com/\0", "visible ASCII"),
    ("https://bücher.example/", "visible ASCII"),
    ("https://１２７.0.0.1/", "visible ASCII"),
    ("https://2130706433/", "four decimal numbers"),
    ("https://017700000001/", "four decimal numbers"),
    ("https://0x7f000001/", "four decimal numbers"),
    ("https://0x7f.1/", "four decimal numbers"),
    ("https://0x/", "four decimal numbers"),
    ("https://127.1/", "four decimal numbers"),
    ("https://0177.0.0.1/", "four decimal numbers"),
    ("https://127.0.0.01/", "four decimal numbers"),
    ("https://127.0.0.1./", "not a name"),
    ("https://hooks.example.com./", "not a name"),
    ("https://hooks..example.com/", "not a name"),
    ("https://-x.example.com/", "not a name"),
    ("https://a*b.example.com/", "not a name"),
    ("https://%31%32%37.0.0.1/", "four decimal numbers"),
    ("https://%6cocalhost/", "not a name"),
    ("https://" + "a" * 64 + ".example.com/", "not a name"),
    ("https://" + "a." * 130 + "com/", "not a name"),
    ("https://hooks.example.com/" + "x" * 2000, "at most 2000"),
    *((f"https://{f'[{a}]' if ':' in a else a}/", "not a public one") for a in CLOSED),
    ("https://[fe80::1%25eth0]/", "not a name"),
    ("https://[::ffff:7f00:1]:8443/", "not a public one"),
    ("", "visible ASCII"),
]


@pytest.mark.parametrize(("url", "words"), REFUSED)
def test_what_may_not_be_sent_to_is_refused_with_words(url: str, words: str):
    with pytest.raises(BadUrl, match=words):
        parse_url(url)


@pytest.mark.parametrize("text", CLOSED)
def test_an_inner_address_is_not_public(text: str):
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", OPEN)
def test_a_public_address_is(text: str):
    assert is_public(ip_address(text))
    assert parse_url(f"https://{f'[{text}]' if ':' in text else text}/x").host == text


@pytest.mark.parametrize(
    "text", ["fe80::1%eth0", "127.1", "1", "0x7f.0.0.1", "", "hooks.example.com", "1.2.3.04"]
)
def test_what_is_no_plain_address_is_none(text: str):
    assert as_address(text) is None


def test_a_url_is_taken_apart():
    target = parse_url("https://Hooks.Example.COM:8443/in?token=a%20b")
    assert target == (True, "hooks.example.com", 8443, "/in?token=a%20b", False)
    assert target.host_header == "hooks.example.com:8443"
    assert parse_url("HTTPS://hooks.example.com").path == "/"
    assert parse_url("https://hooks.example.com:443/").host_header == "hooks.example.com"
    assert parse_url("https://[2a00:1450::1]/").host_header == "[2a00:1450::1]"


def test_the_operator_can_name_hosts_that_may_be_anywhere():
    known = ("Localhost", "127.0.0.1:8081")
    assert parse_url("http://localhost:9/x", known) == (False, "localhost", 9, "/x", True)
    assert parse_url("http://127.0.0.1:8081/", known).insecure
    assert parse_url("https://localhost/", known).insecure
    assert not parse_url("https://hooks.example.com/", known).insecure
    for other in ("http://127.0.0.1:8082/", "http://localhost.example.com/", "http://[::1]:8081/"):
        with pytest.raises(BadUrl):
            parse_url(other, known)
    with pytest.raises(BadUrl, match="user name"):
        parse_url("http://a@localhost/", known)
