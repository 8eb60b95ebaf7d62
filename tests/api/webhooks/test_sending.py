"""The door to the outside, against a real receiver that fails in every way. Nothing here leaves this machine."""

import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine

from api.webhooks import sending
from api.webhooks.models import EXCERPT_LENGTH
from api.webhooks.sending import Answer, Sender, shown
from tests.api.webhooks.receiver import (
    PUBLIC,
    Receiver,
    answers,
    drips,
    hangs,
    never_shakes_hands,
    repeats,
    says,
)

URL = "https://hooks.example.com/in?x=1"
BODY = b'{"id":"1"}'
HEADERS = {"Content-Type": "application/json", "CodeZest-Event": "webhook.test"}


def post(receiver: Receiver, ca: Path | None, url: str = URL, **options) -> Answer:
    sender, _ = receiver.sender(ca, **options)
    return sender.post(url, HEADERS, BODY)


def test_a_request_arrives_as_it_was_meant_and_carries_nothing_else(receive, ca):
    receiver = receive(answers(200, b"thanks"))
    answer = post(receiver, ca)
    assert (answer.status_code, answer.error, answer.excerpt, answer.retry_after) == (
        200,
        None,
        "thanks",
        None,
    )
    (request,) = receiver.requests
    assert request.line == "POST /in?x=1 HTTP/1.1"
    assert request.body == BODY
    assert request.headers == {
        **HEADERS,
        "Host": "hooks.example.com",
        "Content-Length": "10",
        "Connection": "close",
        "Accept-Encoding": "identity",
    }
    assert receiver.names == ["hooks.example.com"]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_is_a_yes(receive, ca, status: int):
    assert post(receive(answers(status)), ca).error is None


@pytest.mark.parametrize(
    "status", [101, 301, 302, 307, 308, 304, 400, 401, 404, 410, 429, 500, 503, 600, 999]
)
def test_anything_else_is_a_no(receive, ca, status: int):
    answer = post(receive(answers(status, b"why")), ca)
    assert answer.status_code == status
    assert answer.error is not None
    assert answer.error.startswith(f"answered {status}")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(receive, ca, status: int):
    receiver = receive(answers(status, Location="https://169.254.169.254/latest/meta-data/"))
    sender, connected = receiver.sender(ca)
    assert "redirects are not followed" in str(sender.post(URL, HEADERS, BODY).error)
    assert connected == [(PUBLIC, 443)]
    assert receiver.connections == 1


def test_a_name_that_means_something_else_a_moment_later_is_asked_once(receive, ca):
    """DNS rebinding: public for the check, loopback for the connection."""
    receiver, asked, connected = receive(), [], []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return [PUBLIC] if len(asked) == 1 else ["127.0.0.1"]

    def connect(address: str, port: int, seconds: float) -> socket.socket:
        connected.append(address)
        return socket.create_connection(("127.0.0.1", receiver.port), seconds)

    sender = Sender(timeout=30, ca_file=ca, resolve=resolve, connect=connect)
    assert sender.post(URL, HEADERS, BODY).error is None
    assert (asked, connected) == (["hooks.example.com"], [PUBLIC])
    assert "not public" in str(sender.post(URL, HEADERS, BODY).error)
    assert connected == [PUBLIC]


@pytest.mark.parametrize(
    "addresses",
    [
        *(("127.0.0.1",), ("169.254.169.254",), ("::1",), ("::ffff:127.0.0.1",), ("64:ff9b::a00:1",)),
        *((PUBLIC, "10.0.0.1"), ("10.0.0.1", PUBLIC), ("fe80::1%eth0",), ("nonsense",), ()),
    ],
)
def test_a_name_with_an_inner_address_is_refused_as_a_whole(receive, ca, addresses: tuple[str, ...]):
    receiver = receive()
    sender, connected = receiver.sender(ca, addresses=addresses)
    answer = sender.post(URL, HEADERS, BODY)
    assert answer.status_code is None
    assert "host" in str(answer.error)
    assert not any(address in str(answer.error) for address in addresses)
    assert connected == []


@pytest.mark.parametrize(
    "url",
    [
        *(
            "https://[::ffff:127.0.0.1]/",
            "https://2130706433/",
            "https://127.0.0.1/",
            "http://hooks.example.com/",
        ),
        *("https://a@hooks.example.com/", "https://hooks.example.com:22/"),
    ],
)
def test_a_url_is_looked_at_again_before_it_is_sent_to(receive, ca, url: str):
    receiver = receive()
    sender, connected = receiver.sender(ca)
    assert "may not be sent to" in str(sender.post(url, HEADERS, BODY).error)
    assert connected == []


def test_what_the_system_resolver_says_is_checked_too():
    """No resolver of the test's: `localhost` is what this machine says it is."""
    assert "not public" in str(Sender(timeout=30).post("https://localhost/", HEADERS, BODY).error)


def test_a_name_that_does_not_resolve(monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(sending.socket, "getaddrinfo", fail)
    assert "does not resolve" in str(Sender(timeout=30).post(URL, HEADERS, BODY).error)


def test_the_next_checked_address_is_tried_where_one_refuses(receive, ca):
    receiver, connected = receive(), []
    second = "93.184.216.35"

    def connect(address: str, _port: int, seconds: float) -> socket.socket:
        connected.append(address)
        if address == PUBLIC:
            raise ConnectionRefusedError(111, "Connection refused")
        return socket.create_connection(("127.0.0.1", receiver.port), seconds)

    sender = Sender(timeout=30, ca_file=ca, resolve=lambda *_: [PUBLIC, second], connect=connect)
    assert sender.post(URL, HEADERS, BODY).error is None
    assert connected == [PUBLIC, second]


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    answer = Sender(timeout=30, insecure_hosts=["127.0.0.1"]).post(f"http://127.0.0.1:{port}/", HEADERS, BODY)
    assert (answer.status_code, answer.error) == (None, "could not connect: Connection refused")


@pytest.mark.parametrize("certificate", ["other", "selfmade"])
def test_a_certificate_that_is_not_this_hosts_or_nobodys_ends_it_before_anything_is_sent(
    receive, ca, certificate: str
):
    receiver = receive(certificate=certificate)
    answer = post(receiver, ca)
    assert answer.status_code is None
    assert "certificate is not valid" in str(answer.error)
    assert receiver.requests == []


def test_an_authority_must_be_known(receive):
    receiver = receive()
    assert "certificate is not valid" in str(post(receiver, None).error)
    assert receiver.requests == []


def test_a_server_without_tls(receive, ca):
    receiver = receive(says(b""), certificate=None)
    receiver.behaviour = lambda _, connection: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" * 10)
    assert "TLS failed" in str(post(receiver, ca).error)


@pytest.mark.parametrize(
    "behaviour",
    [
        never_shakes_hands,
        hangs,
        drips(b""),
        drips(b"HTTP/1.1 200 OK\r\nX: "),
        repeats(b"HTTP/1.1 200", b""),
    ],
    ids=["handshake", "before headers", "drips from the start", "drips headers", "stops in the status line"],
)
def test_one_deadline_covers_it_all(receive, ca, behaviour):
    answer = post(receive(behaviour), ca, timeout=0.4)
    assert (answer.status_code, answer.error) == (None, "no answer within 0.4 s")


def test_a_resolver_that_takes_all_the_time_leaves_none_to_send(receive, ca, monkeypatch):
    receiver, moments = receive(), iter([0.0, 0.0, 50.0, 50.0, 50.0])
    sender, connected = receiver.sender(ca, timeout=10)
    monkeypatch.setattr(sending.time, "monotonic", lambda: next(moments))
    assert sender.post(URL, HEADERS, BODY).error == "no answer within 10 s"
    assert connected == []


@pytest.mark.parametrize(
    "behaviour",
    [
        repeats(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536),
        repeats(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b"x" * 4096 + b"\r\n"
        ),
        repeats(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", b"x" * 65536),
    ],
    ids=["until it closes", "chunked", "with a length"],
)
def test_of_an_endless_body_no_more_is_read_than_the_log_shows(receive, ca, behaviour):
    answer = post(receive(behaviour), ca)
    assert answer.error is None
    assert answer.excerpt == "x" * (EXCERPT_LENGTH - 1) + "…"


@pytest.mark.parametrize(
    "behaviour",
    [
        repeats(b"HTTP/1.1 200 OK\r\n", b"X: " + b"y" * 5000 + b"\r\n"),
        repeats(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        repeats(b"HTTP/1.1 200 OK\r\nX: ", b"y" * 65536),
        repeats(b"", b"x" * 65536),
    ],
    ids=["headers", "continues", "one header", "no line end"],
)
def test_endless_headers_are_a_no(receive, ca, behaviour):
    answer = post(receive(behaviour), ca)
    assert (answer.status_code, answer.error is None) == (None, False)
    assert "within" not in str(answer.error)


def test_a_body_that_drips_or_ends_too_soon_changes_nothing(receive, ca):
    """The status line has said it: a receiver that says yes has taken the delivery."""
    cut = says(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    answer = post(receive(cut), ca)
    assert (answer.error, answer.excerpt) == (None, "half")
    answer = post(receive(drips(b"HTTP/1.1 200 OK\r\n\r\n")), ca, timeout=5)
    assert answer.error is None
    broken = says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nnonsense\r\n")
    answer = post(receive(broken), ca)
    assert (answer.error, answer.excerpt) == (None, "half")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"", "connection was closed"),
        (b"HTTP/1.1 20", "no HTTP answer"),
        (b"\x16\x03\x01 nonsense\r\n", "no HTTP answer"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "no HTTP answer"),
        (b"HTTP/1.1 -200 OK\r\n\r\n", "no HTTP answer"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "no HTTP answer"),
        (b"HTTP/1.1 abc OK\r\n\r\n", "no HTTP answer"),
    ],
)
def test_what_is_no_answer_is_a_no(receive, ca, said: bytes, words: str):
    answer = post(receive(says(said)), ca)
    assert (answer.status_code, answer.excerpt) == (None, None)
    assert words in str(answer.error)


def test_no_proxy_of_the_environment_is_used(receive, ca, monkeypatch):
    proxy, receiver = receive(certificate=None), receive()
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://user:secret@127.0.0.1:{proxy.port}")
    assert post(receiver, ca).error is None
    assert proxy.connections == 0
    assert "Proxy-Authorization" not in receiver.requests[0].headers


def test_hosts_that_the_operator_named_are_reached_as_they_are(receive, ca):
    plain, secure = receive(certificate=None), receive(certificate="address")
    sender = Sender(
        timeout=30, insecure_hosts=[f"127.0.0.1:{plain.port}", f"127.0.0.1:{secure.port}"], ca_file=ca
    )
    assert sender.post(f"http://127.0.0.1:{plain.port}/a", HEADERS, BODY).error is None
    assert plain.requests[0].headers["Host"] == f"127.0.0.1:{plain.port}"
    assert sender.post(f"https://127.0.0.1:{secure.port}/a", HEADERS, BODY).error is None
    assert "may not be sent to" in str(
        sender.post(f"http://127.0.0.1:{plain.port + 1}/", HEADERS, BODY).error
    )


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("120", 120),
        ("Sat, 28 Nov 2026 12:01:00 GMT", 60),
        ("Sat, 28 Nov 2026 11:00:00 GMT", 0),
        ("Sat, 28 Nov 2026 12:01:00 -0000", None),
        ("-5", None),
        ("1e9", None),
        ("9" * 500, None),
        ("soon", None),
    ],
)
def test_when_the_receiver_wants_to_be_asked_again(receive, said: str, seconds: float | None):
    receiver = receive(answers(503, Retry_After=said), certificate=None)
    sender = Sender(timeout=30, insecure_hosts=["127.0.0.1"])
    with time_machine.travel(datetime(2026, 11, 28, 12, tzinfo=UTC), tick=False):
        answer = sender.post(f"http://127.0.0.1:{receiver.port}/", HEADERS, BODY)
    assert answer.retry_after == seconds


def test_an_answer_is_made_fit_to_be_shown(receive, ca):
    nasty = "\x1b]0;x\x07\x1b[2J\0 \u202efdp <script>".encode() + b"\xff\xfe" + "ä".encode() * 3
    excerpt = post(receive(answers(500, nasty)), ca).excerpt
    assert excerpt == "\ufffd]0;x\ufffd\ufffd[2J\ufffd \ufffdfdp <script>\ufffd\ufffdäää"
    assert shown("a\nb\tc\rd", 10) == "a\nb\tc\ufffdd"
