"""`codezest up`: everything on this machine, until Ctrl-C."""

from api.core import embedded
from api.core.errors import Unavailable
from api.core.settings import get_settings
from cli.exposing import exposed
from cli.installation import prepared, supervisor
from cli.output import say
from cli.serving import require_address


def up(*, sync: bool) -> None:
    """Runs API, graders, sweeper and deliverer, and starts again what dies.

    Raises:
        Unavailable: database or queue do not answer at the start, or the address cannot be had.
    """
    settings = get_settings()
    require_address(settings)
    with prepared(settings, publish=sync), exposed(settings):
        running = supervisor(settings.worker_slots)
        say(f"starting API, sweeper, deliverer and {settings.worker_slots} graders; Ctrl-C stops them all")
        running.start()
        running.run(each_tick=lambda: _keep_embedded(settings.redis_url is None))
        say("stopped")


def _keep_embedded(is_embedded: bool) -> None:
    # The children know the addresses; whether the server behind them lives is the supervisor's business.
    if is_embedded:
        try:
            embedded.look_after()
        except Unavailable as error:
            say(error.detail)
