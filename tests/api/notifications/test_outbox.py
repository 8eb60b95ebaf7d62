"""Mails: what may be in a header, how many an address gets, and that none is lost however the server behaves."""

import smtplib
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from threading import Barrier, Thread

import pytest
import time_machine
from aiosmtpd.controller import Controller
from sqlalchemy import select

from api.core.clock import now
from api.core.database import Database
from api.core.errors import Unavailable
from api.notifications import outbox, service
from api.notifications.mailer import Mailer, Refused, compose, make_mailer
from api.notifications.models import EmailLog, EmailStatus
from api.notifications.outbox import deliver_mails
from tests import factories

SENDER = "CodeZest <no-reply@example.org>"
BOTH = [pytest.param("database"), pytest.param("postgres_database", marks=pytest.mark.postgres)]


@pytest.fixture(params=BOTH)
def either(request: pytest.FixtureRequest) -> Database:
    """A fresh database of each kind."""
    return request.getfixturevalue(request.param)


def queue(
    database: Database, to: str = "ada@example.com", subject: str = "Hello", body: str = "A secret link"
) -> bool:
    with database.transaction() as session:
        return service.queue_mail(session, to, service.Mail("test", subject, body))


def logged(database: Database) -> list[EmailLog]:
    with database.transaction() as session:
        return list(session.scalars(select(EmailLog).order_by(EmailLog.created_at)))


class Server:
    """A real SMTP server that answers each recipient and each message as it is told to."""

    def __init__(self) -> None:
        self.got: list[EmailMessage] = []
        self.at_recipient = self.at_end = "250 OK"

    async def handle_RCPT(self, _server, _session, envelope, address, _options) -> str:
        envelope.rcpt_tos.append(address)
        return self.at_recipient

    async def handle_DATA(self, _server, _session, envelope) -> str:
        self.got.append(message_from_bytes(envelope.content, policy=policy.default))
        return self.at_end


class AnyPort(Controller):
    """The library's, which knocks at the port it was told and not at the one it was given."""

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def server() -> Iterator[tuple[Server, Mailer]]:
    """The server, and a mailer that speaks to it."""
    handler = Server()
    controller = AnyPort(handler, hostname="127.0.0.1", port=0)
    controller.start()
    yield handler, make_mailer(f"smtp://127.0.0.1:{controller.port}", None)  # pyright: ignore[reportArgumentType]
    controller.stop()


@pytest.mark.parametrize("subject", ["a\r\nBcc: eve@example.com", "a\nb", "a\rb", "a\0b"])
def test_a_subject_of_two_lines_is_refused(database, subject):
    with pytest.raises(ValueError, match="one line"):
        queue(database, subject=subject)
    assert logged(database) == []


@pytest.mark.parametrize(
    "to", ["", "ada", "ada@example.com\r\nBcc: eve@x.y", "a@b.c, eve@x.y", "Ada <a@b.c>"]
)
def test_what_is_no_address_gets_no_mail(database, to):
    assert not queue(database, to=to)
    assert logged(database) == []


def test_a_warning_is_told_however_full_the_hour_is(database):
    with database.transaction() as session:
        user = factories.make_user(session, email="ada@example.com")
        for _ in range(7):
            service.queue_mail(session, user.email, service.Mail("password_reset", "s", "b"))
        for _ in range(7):
            assert service.queue_mail(session, user.email, service.Mail("password_changed", "s", "b"))
    assert [row.template for row in logged(database)].count("password_reset") == 5


def test_one_account_sends_no_mail_to_a_hundred_strangers(database):
    with database.transaction() as session:
        user = factories.make_user(session)
        sent = [
            service.queue_mail(session, f"s{n}@example.com", service.Mail("x", "s", "b"), user_id=user.id)
            for n in range(7)
        ]
    assert sent == [True] * 5 + [False] * 2


def test_an_address_gets_its_share_of_an_hour_and_no_more(database):
    with time_machine.travel(now(), tick=False) as traveller:
        assert [queue(database) for _ in range(7)] == [True] * 5 + [False] * 2
        assert queue(database, to="bob@example.com")
        traveller.shift(timedelta(hours=1, seconds=1))
        assert queue(database)


def test_a_mail_is_sent_as_it_was_written_and_its_body_forgotten(either, server):
    handler, mailer = server
    queue(either, subject="Grüße ✓", body="Ein Link: https://example.org/?a=1&b=2\n")
    assert deliver_mails(either, mailer, SENDER) == 1
    (message,) = handler.got
    assert (message["To"], message["Subject"], message["From"]) == ("ada@example.com", "Grüße ✓", SENDER)
    assert message.get_content().splitlines() == ["Ein Link: https://example.org/?a=1&b=2"]
    (row,) = logged(either)
    assert (row.status, row.body, row.attempts) == (EmailStatus.SENT, None, 1)
    assert row.sent_at is not None
    assert deliver_mails(either, mailer, SENDER) == 0
    assert len(handler.got) == 1


@pytest.mark.parametrize(
    ("at_recipient", "at_end"), [("450 later", "250 OK"), ("250 OK", "451 later"), ("250 OK", "421 busy")]
)
def test_a_server_that_says_later_is_asked_later(database, server, at_recipient, at_end):
    handler, mailer = server
    handler.at_recipient, handler.at_end = at_recipient, at_end
    queue(database)
    with time_machine.travel(now(), tick=False) as traveller:
        assert deliver_mails(database, mailer, SENDER) == 0
        assert deliver_mails(database, mailer, SENDER) == 0
        assert [(row.status, row.attempts) for row in logged(database)] == [(EmailStatus.PENDING, 1)]
        handler.at_recipient = handler.at_end = "250 OK"
        traveller.shift(timedelta(seconds=61))
        assert deliver_mails(database, mailer, SENDER) == 1


@pytest.mark.parametrize(("at_recipient", "at_end"), [("550 unknown", "250 OK"), ("250 OK", "554 spam")])
def test_a_mail_that_is_refused_for_good_is_not_tried_again(database, server, at_recipient, at_end):
    handler, mailer = server
    handler.at_recipient, handler.at_end = at_recipient, at_end
    queue(database)
    deliver_mails(database, mailer, SENDER)
    (row,) = logged(database)
    assert (row.status, row.next_attempt_at, row.body) == (EmailStatus.FAILED, None, None)
    assert row.error


def test_a_server_that_is_away_is_tried_for_a_day_and_then_given_up(database):
    def away(_message: EmailMessage) -> None:
        raise Unavailable("nobody there")

    queue(database)
    with time_machine.travel(now(), tick=False) as traveller:
        start = now()
        while logged(database)[0].status is EmailStatus.PENDING:
            deliver_mails(database, away, SENDER)
            due = logged(database)[0].next_attempt_at
            if due is not None:
                traveller.move_to(due + timedelta(seconds=1))
        assert timedelta(hours=18) < now() - start < timedelta(days=2)
    assert [(row.status, row.body, row.error) for row in logged(database)] == [
        (EmailStatus.FAILED, None, "nobody there")
    ]


def test_nothing_is_there_to_connect_to():
    with pytest.raises(Unavailable):
        make_mailer("smtp://127.0.0.1:1", None)(compose(sender=SENDER, to="a@b.c", subject="s", body="b"))  # pyright: ignore[reportArgumentType]


def test_a_mail_whose_sender_died_is_due_again_and_no_sooner(either):
    def dies(_message: EmailMessage) -> None:
        raise KeyboardInterrupt

    sent: list[EmailMessage] = []
    queue(either)
    with time_machine.travel(now(), tick=False) as traveller:
        with pytest.raises(KeyboardInterrupt):
            deliver_mails(either, dies, SENDER)
        assert deliver_mails(either, sent.append, SENDER) == 0
        traveller.shift(timedelta(seconds=outbox.LEASE_SECONDS + 1))
        assert deliver_mails(either, sent.append, SENDER) == 1


def test_a_sender_that_lost_its_mail_writes_nothing_down(database):
    queue(database)

    def overtaken(_message: EmailMessage) -> None:
        with time_machine.travel(now() + timedelta(seconds=outbox.LEASE_SECONDS + 1)):
            assert deliver_mails(database, lambda _: None, SENDER) == 1
        raise Refused("too late to say so")

    deliver_mails(database, overtaken, SENDER)
    assert [(row.status, row.attempts, row.error) for row in logged(database)] == [
        (EmailStatus.SENT, 2, None)
    ]


def test_two_senders_never_send_the_same_mail(either):
    for number in range(20):
        queue(either, to=f"user{number}@example.com")
    sent: list[str] = []
    together = Barrier(2)

    def work() -> None:
        together.wait()
        deliver_mails(either, lambda message: sent.append(message["To"]), SENDER)

    threads = [Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(sent) == sorted(f"user{number}@example.com" for number in range(20))


def test_without_a_server_mails_are_files(database, tmp_path):
    queue(database)
    deliver_mails(database, make_mailer(None, tmp_path / "mails"), SENDER)
    (file,) = (tmp_path / "mails").iterdir()
    assert message_from_bytes(file.read_bytes(), policy=policy.default).get_content() == "A secret link\n"
    assert (tmp_path / "mails").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("url", ["http://mail", "smtp://", "mail.example.org"])
def test_an_address_of_no_mail_server_is_refused(url, tmp_path):
    with pytest.raises(ValueError, match="smtp://"):
        make_mailer(url, tmp_path)


def test_a_wrong_password_of_ours_is_not_the_mails_fault(monkeypatch, tmp_path):
    def refuse(*_: object) -> None:
        raise smtplib.SMTPAuthenticationError(535, b"no")

    monkeypatch.setattr(smtplib.SMTP, "connect", lambda *_: (220, b""))
    monkeypatch.setattr(smtplib.SMTP, "ehlo", refuse)
    with pytest.raises(Unavailable, match="535"):
        make_mailer("smtp://mail", tmp_path)(compose(sender=SENDER, to="a@b.c", subject="s", body="b"))
