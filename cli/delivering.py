"""Sends webhooks: in the foreground until a signal says stop, or once."""

import signal
import threading

from api.webhooks.deliverer import Deliverer
from cli.processes import end_with_supervisor
from cli.services import services

#: What is being sent may take as long as the longest time-out there is, and is then written down.
STOP_SECONDS = 35


def deliver(*, once: bool, supervised: bool) -> dict[str, int]:
    """Delivers until a signal says stop, or tries once what is due; how many tries ended how.

    Raises:
        Unavailable: the database did not answer, in the only pass.
    """
    if supervised:
        end_with_supervisor()
    with services() as opened:
        deliverer = Deliverer(opened.database, opened.settings)
        if once:
            return deliverer.deliver_all()
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        deliverer.run_until(stop)
        return {}
