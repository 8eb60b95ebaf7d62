"""How a mail leaves: by SMTP, or, where no server is configured, as a file that a developer can open.

The only module that speaks to a mail server. Headers are set through the library's address and header types, which
refuse a line break; bodies are plain text, so there is nothing to escape.
"""

import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import make_msgid
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

from api.core.clock import now
from api.core.errors import Unavailable
from api.core.ids import new_id

TIMEOUT_SECONDS = 15
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")

Mailer = Callable[[EmailMessage], None]
"""Sends one message. Raises Unavailable: not now, try again; Refused: never."""


class Refused(Exception):
    """The server will not take this mail, however often it is tried."""


def compose(*, sender: str, to: str, subject: str, body: str) -> EmailMessage:
    """A plain-text message. Raises ValueError if a header would not be one line."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = now()
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].rstrip(">") or "localhost")
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers to this
    message.set_content(body)
    return message


def make_mailer(url: str | None, folder: Path) -> Mailer:
    """A mailer for ``url``: ``smtp://user:password@host:port`` (with STARTTLS where the server offers it) or
    ``smtps://...``; None: files below ``folder``.

    Raises ValueError if ``url`` is neither.
    """
    if url is None:
        return lambda message: _write(message, folder)
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("a mail server is smtp://user:password@host:port or smtps://...")
    return lambda message: _send(message, url)


def _send(message: EmailMessage, url: str) -> None:
    # The library's own default checks no certificate.
    parts, tls = urlsplit(url), ssl.create_default_context()
    is_tls, host = parts.scheme == "smtps", parts.hostname or ""
    kind = partial(smtplib.SMTP_SSL, context=tls) if is_tls else smtplib.SMTP
    try:
        with kind(host, parts.port or 0, timeout=TIMEOUT_SECONDS) as server:
            server.ehlo()
            if not is_tls and server.has_extn("starttls"):
                server.starttls(context=tls)
                server.ehlo()
                is_tls = True
            if parts.username and not is_tls and host not in _THIS_MACHINE:
                raise Unavailable("the mail server offers no TLS: it is told no password")
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        raise (Refused if all(code >= 500 for code in codes) else Unavailable)(f"refused: {codes}") from error
    except smtplib.SMTPResponseException as error:
        # 5xx about the message is for ever; 5xx about us (535: bad credentials) is an operator's to mend.
        lasting = error.smtp_code >= 500 and not isinstance(error, smtplib.SMTPAuthenticationError)
        raise (Refused if lasting else Unavailable)(f"the mail server said {error.smtp_code}") from error
    except (OSError, smtplib.SMTPException) as error:
        raise Unavailable(f"the mail server did not answer: {error}") from error


def _write(message: EmailMessage, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Named by a time-ordered id: the newest mail sorts last.
        (folder / f"{new_id()}.eml").write_bytes(message.as_bytes())
    except OSError as error:
        raise Unavailable(f"the mail could not be written: {error}") from error
