"""What an image is made from, when it is out of date, and what is said where it cannot be made. No engine is needed."""

import io
import json
import re
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from grader import images
from grader.engine import BUILD_LABEL, LANGUAGE_LABEL, ImageFacts
from grader.images import build_context, build_digest, build_images, list_images
from grader.sandbox import SandboxUnavailable
from sandboxes.languages import languages

ALL = languages()


class FakeEngine:
    """Remembers images by name; ``registry`` is whether one answers."""

    def __init__(self, registry: bool = False) -> None:
        self.images: dict[str, dict[str, str]] = {}
        self.registry = registry
        self.built: list[str] = []

    def image(self, name: str) -> ImageFacts | None:
        return ImageFacts(f"sha256:{name}", self.images[name], 7) if name in self.images else None

    def pull(self, name: str, tag: str) -> bool:
        return self.registry

    def import_archive(self, path: str, name: str, labels: dict[str, str]) -> None:
        assert Path(path).exists()
        self.images[name] = labels

    def build(self, context: bytes, name: str, labels: dict[str, str]) -> Iterator[str]:
        self.built.append(name)
        self.images[name] = labels
        yield "Step 1/1"


def names_in(context: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(context)) as archive:
        return archive.getnames()


def build(engine: Any, **more: Any) -> list[tuple[str, str]]:
    return list(build_images(engine, "p", **more))


@pytest.mark.parametrize("language", ALL)
def test_a_context_holds_the_runner_and_its_language_and_nothing_else(language: str):
    names = names_in(build_context(ALL[language], "base"))
    folders = {name.split("/")[1] for name in names if name.count("/") == 2}
    assert folders == {"seccomp", "python", language}
    for name in (
        "runner.py",
        "launcher.py",
        "box.c",
        "box.py",
        "maker.py",
        "job.py",
        "zygote.py",
        "kernel.py",
        "seccomp/x86_64.json",
    ):
        assert f"sandboxes/{name}" in names
    assert f"sandboxes/{language}/language.json" in names
    assert not [name for name in names if "smoke" in name or "__pycache__" in name]


def test_the_same_tree_gives_the_same_bytes():
    for language in ALL.values():
        assert build_context(language, "base") == build_context(language, "base")
    assert len({build_digest(language) for language in ALL.values()}) == len(ALL)


@pytest.mark.parametrize("language", ALL)
def test_a_dockerfile_holds_what_the_folder_asks_for(language: str):
    facts = ALL[language]
    with tarfile.open(fileobj=io.BytesIO(build_context(facts, "the/base"))) as archive:
        member = archive.extractfile("Dockerfile")
        assert member is not None
        lines = member.read().decode().splitlines()
    assert "FROM the/base" in lines
    assert any(" ".join(facts.packages) in line for line in lines)
    assert not [line for line in lines if re.search(r"\{\w+\}", line) and not line.startswith("#")]
    # As lists: a shell would take them apart once more.
    assert [line for line in lines if line.startswith("RUN [")] == [
        f"RUN {json.dumps(a)}" for a in facts.prepare
    ]


def test_what_a_folder_prepares_reaches_no_shell():
    facts = replace(ALL["c"], prepare=(("/bin/echo", "a b", '"; rm -rf /', "{base}"),))
    assert b'RUN ["/bin/echo", "a b", "\\"; rm -rf /", "{base}"]\n' in build_context(facts, "the/base")


def test_only_what_is_missing_or_out_of_date_is_built(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(images, "_run_mmdebstrap", lambda target: Path(target).write_bytes(b""))
    engine: Any = FakeEngine()
    assert [state.current for state in list_images(engine, "p")] == [False] * len(ALL)
    build(engine)
    assert engine.built == [f"p/{name}" for name in ALL]
    assert all(state.current and state.digest for state in list_images(engine, "p"))
    assert engine.images["p/c"] == {LANGUAGE_LABEL: "c", BUILD_LABEL: build_digest(ALL["c"])}
    assert build(engine) == []
    engine.images["p/java"][BUILD_LABEL] = "older"
    build(engine, wanted=frozenset({"c"}))
    assert len(engine.built) == len(ALL)
    build(engine)
    assert engine.built[len(ALL) :] == ["p/java"]


def test_the_base_comes_from_a_registry_if_one_answers(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(images, "_run_mmdebstrap", lambda target: pytest.fail("a registry answers"))
    engine: Any = FakeEngine(registry=True)
    build(engine, wanted=frozenset({"python"}))
    assert engine.built == ["p/base", "p/python"]


def test_a_machine_that_can_make_no_base_is_told_the_cure(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(images.shutil, "which", lambda name: None)
    engine: Any = FakeEngine()
    with pytest.raises(SandboxUnavailable, match="apt-get install mmdebstrap"):
        build(engine)
    assert engine.images == {}


@pytest.mark.parametrize("error", [subprocess.TimeoutExpired("mmdebstrap", 1), None])
def test_a_base_that_fails_is_no_image(monkeypatch: pytest.MonkeyPatch, error: Exception | None):
    def run(*_: Any, **__: Any) -> subprocess.CompletedProcess[str]:
        if error:
            raise error
        return subprocess.CompletedProcess("mmdebstrap", 1, "", "E: no mirror")

    monkeypatch.setattr(images.shutil, "which", lambda name: "/usr/bin/mmdebstrap")
    monkeypatch.setattr(images.subprocess, "run", run)
    engine: Any = FakeEngine()
    with pytest.raises(SandboxUnavailable, match=r"no mirror|in time"):
        build(engine)
    assert engine.images == {}
