"""What the engine tells the doctor of itself."""

from typing import Any

import pytest

from grader.engine import BUILD_LABEL, OWNER_LABEL, Engine


@pytest.mark.docker
def test_the_report_has_what_the_checks_ask_for(docker_engine: Engine, monkeypatch: pytest.MonkeyPatch):
    rows: list[dict[str, Any]] = [
        {"Id": "1" * 64, "Names": ["/grader"], "Labels": {OWNER_LABEL: "host/1/1"}},
        {"Id": "2" * 64, "Names": ["/building"], "Labels": {BUILD_LABEL: "x"}},
        {"Id": "3" * 64, "Names": ["/wiki"], "Labels": None},
        {"Id": "4" * 64, "Names": None, "Labels": {}},
    ]
    monkeypatch.setattr(docker_engine._client.api, "containers", lambda: rows)
    report = docker_engine.report()
    assert report.strangers == ["4" * 12, "wiki"]
    assert {"MemoryLimit", "PidsLimit", "SecurityOptions", "Runtimes", "DockerRootDir"} <= set(report.info)
    assert {part["Name"] for part in report.version["Components"]} >= {"Engine", "containerd", "runc"}
    assert report.address.startswith(("http+unix://", "http://", "https://"))
