"""Numbers from the database: asked for often, looked up seldom."""

import threading

import pytest

from api.core.errors import Unavailable
from api.core.figures import FRESH_SECONDS, TOTALS_SECONDS, Figures
from api.core.metrics import Family


class Looks:
    """Counts looks; time passes only when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0
        self.cheap_looks = self.total_looks = 0
        self.total_takes = 0.0
        self.is_away = False
        self.wait = threading.Event()
        self.wait.set()
        self.begun = threading.Event()

    def cheap(self, session) -> list[Family]:
        self.cheap_looks += 1
        self.begun.set()
        assert self.wait.wait(30)
        if self.is_away:
            raise Unavailable("away")
        return [Family(f"cheap_{self.cheap_looks}", "", "gauge")]

    def totals(self, session) -> list[Family]:
        self.total_looks += 1
        self.now += self.total_takes
        return [Family(f"totals_{self.total_looks}", "", "gauge")]


@pytest.fixture
def looks() -> Looks:
    return Looks()


@pytest.fixture
def figures(database, looks: Looks) -> Figures:
    return Figures(database, looks.cheap, looks.totals, clock=lambda: looks.now)


def names(figures: Figures) -> list[str]:
    return [family.name for family in figures.families()]


def test_who_asks_often_gets_what_was_found(figures, looks):
    assert names(figures) == names(figures) == ["codezest_database_up", "cheap_1", "totals_1"]
    looks.now += FRESH_SECONDS - 0.1
    assert names(figures)[1] == "cheap_1"
    looks.now += 0.2
    assert names(figures)[1:] == ["cheap_2", "totals_1"]
    looks.now = TOTALS_SECONDS + 1
    assert names(figures)[1:] == ["cheap_3", "totals_2"]


def test_a_count_that_takes_long_is_made_seldom(figures, looks):
    looks.total_takes = 10.0
    names(figures)
    for _ in range(9):
        looks.now += 100.0
        names(figures)
    assert looks.total_looks == 1
    looks.now += 100.0 + FRESH_SECONDS
    names(figures)
    assert looks.total_looks == 2


def test_one_look_at_a_time(figures, looks):
    names(figures)
    looks.now += FRESH_SECONDS
    looks.wait.clear()
    looks.begun.clear()
    slow = threading.Thread(target=figures.families)
    slow.start()
    assert looks.begun.wait(30)
    assert names(figures)[1] == "cheap_1"  # what was found before, without waiting
    looks.wait.set()
    slow.join()
    assert names(figures)[1] == "cheap_2"


def test_a_database_that_is_away_is_one_number_and_is_not_asked_at_once_again(figures, looks):
    looks.is_away = True
    found = figures.families()
    assert [(family.name, family.samples[0].value) for family in found] == [("codezest_database_up", 0)]
    assert figures.families() is found
    assert looks.cheap_looks == 1
    looks.is_away = False
    looks.now += FRESH_SECONDS
    assert figures.families()[0].samples[0].value == 1
