"""When a delivery that failed is tried again, and how long its endpoint rests. Pure arithmetic, in seconds."""

from collections.abc import Callable

MINUTE, HOUR = 60, 3600

DELAYS = (10, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, *[12 * HOUR] * 5)
"""Between one try of a delivery and the next: nearly three days in all."""

MAX_ATTEMPTS = len(DELAYS) + 1
MAX_AGE = 72 * HOUR
"""A delivery that has waited this long is given up whatever was tried: its endpoint has rested most of the time."""

LONGEST_RETRY_AFTER = 24 * HOUR
SPREAD = 0.2
"""A delay is up to this part longer, by chance: what failed together is not tried together."""

FIRST_REST, LONGEST_REST = 5, 5 * MINUTE


def delay_after(attempt: int, retry_after: float | None, chance: Callable[[], float]) -> float | None:
    """Seconds from a failed try, numbered from 1, to the next; None: that was the last.

    ``retry_after`` is what the receiver asked for: it can make the delay longer, up to a day, and never shorter.
    ``chance`` gives a number from 0 to 1.
    """
    if attempt >= MAX_ATTEMPTS:
        return None
    delay = DELAYS[max(attempt, 1) - 1] * (1 + SPREAD * chance())
    return max(delay, min(retry_after or 0.0, LONGEST_RETRY_AFTER))


def rest_after(failures: int) -> float:
    """Seconds for which an endpoint is left alone after ``failures`` failed tries in a row.

    Never longer than the delay of one delivery that fails alone; but an endpoint that is dead, and has a thousand
    deliveries waiting, costs one try in five minutes and not a time-out for each.
    """
    return min(FIRST_REST * 2.0 ** min(max(failures, 1) - 1, 20), LONGEST_REST)
