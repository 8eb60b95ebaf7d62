"""When a failed delivery is tried again."""

import pytest

from api.webhooks import rules
from api.webhooks.rules import delay_after, rest_after


def test_delays_grow_to_nearly_three_days_and_then_end():
    delays = [delay_after(number, None, lambda: 0) for number in range(1, rules.MAX_ATTEMPTS + 1)]
    assert delays == [10, 60, 300, 1800, 7200, 21600, *[43200] * 5, None]
    assert 2.5 < sum(rules.DELAYS) / 86400 < 3
    assert delay_after(99, 10, lambda: 0) is None


@pytest.mark.parametrize(("chance", "delay"), [(0, 60), (0.5, 66), (1, 72)])
def test_chance_makes_a_delay_longer(chance: float, delay: float):
    assert delay_after(2, None, lambda: chance) == pytest.approx(delay)


@pytest.mark.parametrize(
    ("asked", "delay"), [(None, 10), (0, 10), (9, 10), (3600, 3600), (86400, 86400), (10**9, 86400)]
)
def test_a_receiver_can_ask_for_more_time_within_bounds(asked: float | None, delay: float):
    assert delay_after(1, asked, lambda: 0) == delay


def test_a_rest_is_never_longer_than_the_delay_of_a_lone_delivery():
    rests = [rest_after(number) for number in range(1, rules.MAX_ATTEMPTS)]
    assert all(rest <= delay for rest, delay in zip(rests, rules.DELAYS, strict=True))
    assert rests[0] == rules.FIRST_REST
    assert rest_after(10_000) == rules.LONGEST_REST
