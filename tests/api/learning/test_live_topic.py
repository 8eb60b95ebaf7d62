"""Events in their order, each once, whoever brings them; and watchers who are slow."""

import asyncio
from collections.abc import Sequence
from itertools import permutations

import msgspec
import pytest

from api.core.actor import Actor, UserRole
from api.core.ids import new_id
from api.learning.submissions.grade import CaseGrade, Reason, SubmissionStatus, Verdict
from api.learning.submissions.live import events, topic
from api.learning.submissions.live.events import Event, Place
from api.learning.submissions.live.topic import Topic, Watcher

CASE = CaseGrade(
    name="one",
    group="g",
    visible=False,
    verdict=Verdict.FAILED,
    reason=Reason.WRONG_ANSWER,
    cpu_ms=11,
    wall_ms=20,
    memory_kib=5,
    exit_code=3,
    message="secret",
    stdin="secret",
    expected="secret",
    stdout="secret",
    stderr="secret",
)
RESULT = events.Done(SubmissionStatus.PASSED, None, 100, 100)


def attempt(number: int = 1, cases: int = 3) -> list[Event]:
    """All events of an attempt."""
    return [
        events.running(1, number),
        events.compiled(1, number),
        *(events.case_told(1, number, index, CASE) for index in range(cases)),
        events.done(1, number, RESULT, cases),
    ]


def make_topic() -> Topic:
    return Topic(new_id(), 1)


def watcher(after: Place | None = None) -> Watcher:
    return Watcher(Actor(new_id(), UserRole.USER, new_id()), after)


def heard(one: Watcher) -> list[Event]:
    """What waits for a watcher now."""

    async def fetch() -> list[Event]:
        found: list[Event] = []
        while batch := await one.fetch(0):
            found += batch
        return found

    return asyncio.run(fetch())


def test_events_are_told_in_order_and_then_it_is_over():
    one, about = watcher(), make_topic()
    about.join(one)
    for event in attempt():
        assert about.feed([event])
    assert heard(one) == attempt()
    assert one.is_over
    assert about.is_over


@pytest.mark.parametrize("order", [*permutations(range(4))])
def test_in_whatever_order_they_come_and_however_often_nothing_is_told_twice_or_early(order: Sequence[int]):
    parts = [attempt()[:2], attempt()[1:4], attempt()[3:5], attempt()[2:]]
    one, about = watcher(), make_topic()
    about.join(one)
    whole = [about.feed(parts[number]) for number in order]
    told = heard(one)
    assert told == attempt()[: len(told)]
    assert len(told) == len(attempt()) or not all(whole)  # what is missing was reported
    about.feed(attempt())  # as from the log, or from the rows
    assert [*told, *heard(one)] == attempt()


def test_a_gap_is_reported_and_not_passed_over():
    one, about = watcher(), make_topic()
    about.join(one)
    assert about.feed(attempt()[:3])
    assert not about.feed([attempt()[4]])
    assert not about.feed([attempt()[-1]])  # not even by the end
    assert heard(one) == attempt()[:3]
    assert about.feed(attempt()[3:])
    assert heard(one) == attempt()[3:]


def test_a_new_attempt_begins_anew_and_the_old_ones_late_words_count_no_more():
    one, about = watcher(), make_topic()
    about.join(one)
    about.feed(attempt(1)[:3])
    assert not about.feed([attempt(2)[2]])  # its beginning is missing
    about.feed(attempt(2)[:2])
    about.feed(attempt(1))
    about.feed(attempt(2))
    assert heard(one) == [*attempt(1)[:3], *attempt(2)]


def test_events_of_another_run_are_not_told():
    one, about = watcher(), make_topic()
    about.join(one)
    assert about.feed([events.running(2, 1), events.done(2, 1, RESULT, 0)])
    assert heard(one) == []


def test_waiting_is_told_when_it_changes_and_never_after_the_run_has_begun():
    one, about = watcher(), make_topic()
    about.join(one)
    for waited, position in ((0, 2), (1, 2), (2, 1)):
        about.wait(events.queued(1, 0, waited, position, 5))
    assert [event.place.step - events.QUEUED for event in heard(one)] == [0, 2]
    about.feed([events.running(1, 1)])
    about.wait(events.queued(1, 0, 3, 0, 5))  # an old look at the database
    assert [event.kind for event in heard(one)] == ["running"]
    about.wait(events.queued(1, 1, 4, 7, 5))  # given back
    assert [event.kind for event in heard(one)] == ["queued"]
    assert about.feed([events.running(1, 2)])


def test_who_joins_late_hears_it_from_the_beginning():
    about = make_topic()
    about.feed(attempt()[:4])
    one = watcher()
    about.join(one)
    about.feed(attempt())
    assert heard(one) == attempt()


@pytest.mark.parametrize("seen", range(6))
def test_who_comes_back_misses_nothing_and_hears_nothing_twice(seen: int):
    about = make_topic()
    about.feed(attempt()[:4])
    one = watcher(attempt()[seen].place)
    about.join(one)
    about.feed(attempt())
    assert heard(one) == attempt()[seen + 1 :]


def test_a_run_that_was_given_up_ends_whatever_was_told_before():
    one, about = watcher(), make_topic()
    about.join(one)
    about.feed(attempt()[:4])
    given_up = events.done(1, 1, events.Done(SubmissionStatus.ERROR, Reason.PLATFORM, None, 100), 0)
    assert about.feed([events.running(1, 1), given_up])
    assert heard(one) == [*attempt()[:4], given_up]


def test_a_slow_watcher_is_dropped_and_can_go_on_where_it_was(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(topic, "BATCHES", 3)
    slow, quick, about = watcher(), watcher(), make_topic()
    about.join(slow)
    about.join(quick)
    got = []
    for number, event in enumerate(attempt(cases=20)):
        about.feed([event])
        got += heard(quick)
        if number == 1:
            first = heard(slow)
    assert got == attempt(cases=20)
    assert slow.was_dropped
    assert heard(slow) == []
    again = watcher(first[-1].place)
    about.join(again)
    assert [*first, *heard(again)] == attempt(cases=20)


def test_what_is_told_of_a_hidden_case_is_rounded_and_has_no_texts():
    told = events.case_told(1, 1, 0, CASE)
    assert b"secret" not in told.data
    assert msgspec.json.decode(told.data) == {
        "index": 0,
        "name": "one",
        "group": "g",
        "visible": False,
        "verdict": "FAILED",
        "reason": "wrong_answer",
        "cpuMs": 20,
        "wallMs": 20,
    }


@pytest.mark.parametrize("event", [*attempt(), events.queued(1, 0, 5, 3, 2)])
def test_an_event_crosses_redis_unchanged(event: Event):
    assert events.decode(events.encode(event)) == event
    assert events.parse_place(str(event.place)) == event.place


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"null",
        b"[1,1,0]",
        b'[1,1,0,"running",{},0]',
        b'[1,1,0,"nothing",{"attempt":1},0]',
        b'["1",1,0,"running",{"attempt":1},0]',
        b'[1,1,9,"done",{"status":"GREAT","reason":null,"score":1,"maxScore":1},0]',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_what_is_no_event_is_refused(message: bytes):
    assert events.decode(message) is None


def test_what_is_written_around_an_event_is_not_passed_on():
    message = b'[1,1,0,"running",{"attempt":\n\n1, "html": "<script>"},0]'
    event = events.decode(message)
    assert event == events.running(1, 1)


@pytest.mark.parametrize("text", ["", "1", "1.1", "1.1.1.1", "a.b.c", "-1.1.1", "1.1.1\n", "1.1." + "9" * 20])
def test_what_is_no_place_is_refused(text: str):
    assert events.parse_place(text) is None


def test_places_stand_in_the_order_of_what_happens():
    order = [
        events.queued(1, 0, 0, 1, 1),
        events.queued(1, 0, 10**12, 1, 1),
        *attempt(1)[:-1],
        events.queued(1, 1, 0, 1, 1),
        *attempt(2),
        events.running(2, 3),
    ]
    places = [event.place for event in order]
    assert places == sorted(set(places))
