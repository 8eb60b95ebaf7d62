"""Sends webhooks and mails: in the foreground until a signal says stop, or once."""

import signal
import threading

from api.core.errors import Invalid
from api.core.settings import Settings
from api.notifications.mailer import Mailer, make_mailer
from api.notifications.outbox import deliver_mails, deliver_mails_until
from api.webhooks.deliverer import Deliverer
from cli.processes import end_with_supervisor
from cli.services import services
from grader.heartbeat import WAITING_SECONDS, heartbeat

#: What is being sent may take as long as the longest time-out there is, and is then written down.
STOP_SECONDS = 35


def deliver(*, once: bool, supervised: bool) -> dict[str, int]:
    """Delivers until a signal says stop, or tries once what is due; how many tries ended how.

    Raises:
        Invalid: the setting ``smtp_url`` is no mail server.
        Unavailable: the database did not answer, in the only pass.
    """
    if supervised:
        end_with_supervisor()
    with services() as opened:
        database, settings = opened.database, opened.settings
        mailer = _mailer(settings)
        deliverer = Deliverer(database, settings)
        if once:
            tries = deliverer.deliver_all()
            mails = deliver_mails(database, mailer, settings.mail_from)
            return {**tries, **({"mails sent": mails} if mails else {})}
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        # A thread of their own: a mail server that hangs must not hold webhooks up.
        mails = threading.Thread(
            target=deliver_mails_until, args=(stop, database, mailer, settings.mail_from), name="mails"
        )
        mails.start()
        try:
            with heartbeat(settings.data_dir, "deliverer-0") as beat:
                deliverer.run_until(stop, lambda: beat.promise(WAITING_SECONDS))
        finally:
            stop.set()  # or the process would live on without a deliverer
            mails.join()
        return {}


def _mailer(settings: Settings) -> Mailer:
    url = settings.smtp_url.get_secret_value() if settings.smtp_url is not None else None
    try:
        return make_mailer(url, settings.data_dir / "mails")
    except ValueError as error:
        raise Invalid(f"CODEZEST_SMTP_URL: {error}") from error
