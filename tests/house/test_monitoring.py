"""What operators are told of metrics is true: the list, the dashboard and the rules name what there is, all of it."""

import importlib
import json
import re
from collections.abc import Iterator

import pytest
import yaml

from api.core import metrics
from api.core.metrics import DECLARED, Declared
from api.learning.submissions.grade import Reason, SubmissionStatus

from .tree import ROOT, modules

for _module in modules():  # whatever declares a metric
    if any(item.name.startswith("api.core.metrics") for item in _module.imports):
        importlib.import_module(_module.name)

KNOWN = {name: (metric.kind, metric.labels) for name, metric in DECLARED.items()}

#: Every label there may be, and how many values it can have. A new one is thought about here: no ids, nothing typed.
LABELS = {
    "language": 64,  # folders of sandboxes/
    "priority": 2,
    "stage": 4,
    "status": len(SubmissionStatus),
    "reason": len(Reason) + 1,
    "kind": 6,
    "why": 4,
    "result": 2,
    "process": 256,
    "method": 8,  # those that have a route
    "path": 200,  # templates of routes
    "status_code": 40,
    "app_name": 1,
}


def documented() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Name, kind and labels of each row of the table."""
    rows = re.findall(
        r"^\| `(codezest_\w+)` \| (\w+)[^|]*\|([^|]*)\| .+ \|$",
        (ROOT / "docs/monitoring.md").read_text(),
        re.MULTILINE,
    )
    assert len({name for name, _, _ in rows}) == len(rows)
    return {name: (kind, tuple(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


def unknown(expression: str) -> Iterator[str]:
    """What of a query names no metric of ours, or a label that the metric has not."""
    for name in re.findall(r"\bcodezest_\w+", expression):
        plain = re.sub(r"_(bucket|sum|count)$", "", name)
        if KNOWN.get(plain, ("", ()))[0] != "histogram":
            plain = name
        if plain not in KNOWN:
            yield name
    labels = {label for name in re.findall(r"\bcodezest_\w+", expression) for label in _labels_of(name)}
    used = re.findall(r"\{(\w+)=", expression)
    used += [
        word for group in re.findall(r"\bby \(([^)]*)\)", expression) for word in re.findall(r"\w+", group)
    ]
    yield from set(used) - labels - {"instance", "le"}


def _labels_of(name: str) -> tuple[str, ...]:
    plain = name if name in KNOWN else re.sub(r"_(bucket|sum|count)$", "", name)
    return KNOWN.get(plain, ("", ()))[1]


def test_every_metric_is_explained_and_every_explained_one_exists():
    assert documented() == KNOWN


@pytest.mark.parametrize("metric", DECLARED.values(), ids=DECLARED.keys())
def test_names_follow_the_conventions(metric: Declared):
    assert re.fullmatch(r"codezest_[a-z]+(_[a-z]+)*", metric.name)
    assert (metric.kind == "counter") == metric.name.endswith("_total")
    assert metric.kind != "histogram" or metric.name.endswith("_seconds")
    assert not re.search(r"_(ms|millis|minutes|kib|mib|kb|mb|percent)(_total)?$", metric.name)
    assert metric.help


def test_no_label_can_take_what_somebody_made_up():
    assert {label for _, labels in KNOWN.values() for label in labels} == set(LABELS)


def test_the_dashboard_asks_only_for_what_there_is():
    board = json.loads((ROOT / "docs/grafana/codezest.json").read_text())
    panels = [panel for panel in board["panels"] if panel["type"] != "row"]
    expressions = [target["expr"] for panel in panels for target in panel["targets"]]
    assert len(expressions) > 30
    assert [(e, list(unknown(e))) for e in expressions if list(unknown(e))] == []
    assert all(re.search(r"\bcodezest_", expression) for expression in expressions)
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    legends = {
        word for p in panels for t in p["targets"] for word in re.findall(r"\{\{(\w+)\}\}", t["legendFormat"])
    }
    assert legends <= set(LABELS) | {"instance"}


def test_every_metric_is_on_the_dashboard():
    text = (ROOT / "docs/grafana/codezest.json").read_text()
    assert [name for name in KNOWN if not re.search(rf"\b{name}(_bucket|_sum|_count)?\b", text)] == []


def test_the_rules_ask_only_for_what_there_is():
    groups = yaml.safe_load((ROOT / "docs/prometheus/alerts.yml").read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert [
        (rule["alert"], list(unknown(rule["expr"]))) for rule in rules if list(unknown(rule["expr"]))
    ] == []
    for rule in rules:
        assert re.search(r"\bcodezest_", rule["expr"])
        assert rule["annotations"]["summary"]
        assert rule["labels"]["severity"] in ("page", "ticket")
    assert len({rule["alert"] for rule in rules}) == len(rules)


@pytest.mark.parametrize(
    "planted",
    [
        "codezest_no_such",
        "codezest_slots_bucket",
        'codezest_queue_runs{user="x"}',
        "sum by (email) (codezest_slots)",
    ],
)
def test_planted_queries_are_caught(planted: str):
    assert list(unknown(planted))


def test_a_metric_cannot_mean_two_things():
    with pytest.raises(ValueError, match="declared twice"):
        metrics.gauge("codezest_slots", "Something else")
