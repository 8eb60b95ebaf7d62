"""What health checks call."""

from api.core.settings import get_settings
from cli.output import CommandFailed, say
from grader.heartbeat import count_alive


def alive(what: str, slots: int) -> None:
    """Raises CommandFailed unless sweeper, deliverer, or as many workers as ``slots`` says, still turn their loops."""
    wanted = slots if what == "worker" else 1
    found = count_alive(get_settings().data_dir, what)
    text = f"{found} of {wanted} {what}{'s' if wanted > 1 else ''} alive"
    if found < wanted:
        raise CommandFailed(text)
    say(text)
