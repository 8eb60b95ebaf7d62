"""A resident compiler answers plainly or not at all: whatever it does besides, the plain command's word is what counts.

The language of these tests is a toy whose resident compiler does what the source says, and whose compiled program is
one line that names who compiled it.
"""

import json
import os
import select
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from grader.local_sandbox import LocalSandbox
from grader.sandbox import OnCase
from sandboxes import languages, resident
from sandboxes.protocol import CaseInput, CaseOutcome, Limits, Outcome, RunReport, RunRequest

pytestmark = pytest.mark.boxes

_RESIDENT = """
import os, struct, sys, time
read, write = sys.stdin.buffer.read, lambda data: (sys.stdout.buffer.write(data), sys.stdout.buffer.flush())
count = 0
while True:
    words, size = struct.unpack(">II", read(8))
    argv, packed = read(words).decode().split("\\0"), read(size)
    count += 1
    def files(name="main.out", size=None, text=b"resident %d" % count):
        header = f"644 {len(text) if size is None else size} {name}\\n".encode()
        return len(header).to_bytes(4, "big") + header + text
    def answer(code=0, said=b"", made=b""): write(struct.pack(">III", code, len(said), len(made)) + said + made)
    source = packed[4 + int.from_bytes(packed[:4], "big"):].decode()
    if source == "good": answer(said=b"a note", made=files())
    elif source == "wrong": answer(code=1, said=b"an error")
    elif source == "arguments": answer(made=files(text=" ".join(argv).encode()))
    else: exec(source)
"""
_PLAIN = """
import sys
source = open("/code/main.toy").read()
if source == "wrong": sys.exit("an error")
open("/code/main.out", "w").write("plain")
"""
_LANGUAGE = {
    "title": "Toy",
    "sources": [".toy"],
    "main": "main.toy",
    "compile": [["/usr/bin/python3", "{harness}", "{main}"]],
    "resident": {
        "run": ["/usr/bin/python3", "/opt/harness/toy/stays.py"],
        "memoryMib": 64,
        "processes": 4,
    },
    "harness": {"file": "plain.py", "run": ["/bin/cat", "/code/main.out"]},
    "run": ["/bin/sh", "-c", 'read word; test "$word" != wait || sleep 60; cat /code/main.out'],
}
_LIMITS = Limits(cpu_ms=1000, wall_ms=1500, memory_mib=128, output_kib=4, processes=8)


@pytest.fixture
def toy(boxes_sandbox: LocalSandbox, slot: int, tmp_path: Path) -> Iterator[LocalSandbox]:
    """A local sandbox that knows the toy."""
    copy = tmp_path / "sandboxes"
    shutil.copytree(languages.HERE, copy, ignore=shutil.ignore_patterns("__pycache__", "smoke"))
    (copy / "toy").mkdir()
    (copy / "toy/language.json").write_text(json.dumps(_LANGUAGE))
    (copy / "toy/stays.py").write_text(_RESIDENT)
    (copy / "toy/plain.py").write_text(_PLAIN)
    languages.languages.cache_clear()
    sandbox = LocalSandbox(slot)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(languages, "HERE", copy)
        yield sandbox
        sandbox.close()
    languages.languages.cache_clear()


def report_of(
    toy: LocalSandbox,
    source: str,
    inputs: Sequence[bytes] = (b"",),
    on_case: OnCase | None = None,
    **changed: int,
) -> RunReport:
    limits = {name: getattr(_LIMITS, name) for name in Limits.__slots__}
    request = RunRequest(
        language="toy",
        files={"main.toy": source.encode()},
        cases=[CaseInput(stdin=stdin, limits=_LIMITS) for stdin in inputs],
        compile_limits=Limits(**{**limits, **changed}),
    )
    return toy.run(request, on_case)


def compiler_of(toy: LocalSandbox, source: str = "good", **changed: int) -> str:
    """Who compiled it: what the program says."""
    return report_of(toy, source, **changed).cases[0].stdout.decode()


MISDEEDS = {
    "another exit code": "answer(code=3, said=b'out of resources')",
    "an exit code that is none": "answer(code=2**32 - 1)",
    "no answer": "time.sleep(60)",
    "half an answer": "write(b'\\0\\0\\0'); time.sleep(60)",
    "its end": "sys.exit(0)",
    "no processor time left": "while True: pass",
    "more memory than it may have": "x = bytearray(100 << 20); time.sleep(60)",
    "more messages than the limits allow": "answer(said=b'x' * 5000, made=files())",
    "more files than there may be": "write(struct.pack('>III', 0, 0, 2**32 - 1))",
    "files with an error": "answer(code=1, said=b'an error', made=files())",
    "no packed files": "answer(made=b'\\xff' * 100)",
    "a file that is not all there": "answer(made=files(size=10**6))",
    "a name that leads out": "answer(made=files('../tmp/x'))",
    "a name from the root": "answer(made=files('/code/main.out'))",
    "a second process": "os.fork(); answer(made=files()); time.sleep(60)",
}


@pytest.mark.parametrize("source", MISDEEDS.values(), ids=list(MISDEEDS))
def test_for_everything_but_a_plain_answer_the_plain_command_is_asked(toy: LocalSandbox, source: str):
    assert compiler_of(toy) == "plain"
    assert compiler_of(toy) == "resident 1"
    assert compiler_of(toy, source, wall_ms=1000, cpu_ms=500) == "plain"
    assert compiler_of(toy) == "resident 1"  # a fresh one: that one answers nobody any more


def test_what_it_answers_is_what_the_plain_command_would(toy: LocalSandbox):
    first, second = report_of(toy, "wrong"), report_of(toy, "wrong")
    for report in first, second:
        assert report.compiled is not None
        assert (report.compiled.outcome, report.compiled.exit_code) == (Outcome.NOT_COMPILED, 1)
        assert report.compiled.stderr.strip() == b"an error"
        assert report.cases == ()
    compiled = report_of(toy, "good").compiled
    assert compiled is not None
    assert (compiled.outcome, compiled.exit_code, compiled.stderr) == (Outcome.EXITED, 0, b"a note")
    assert compiler_of(toy, "arguments") == "/usr/bin/python3 /opt/harness/toy/plain.py /code/main.toy"


def test_it_does_nothing_while_a_case_runs(toy: LocalSandbox):
    seen: list[str] = []

    def look(index: int, _outcome: CaseOutcome) -> None:
        if index == 0:  # the second case is at work, and stays so until its limit
            seen.extend((path / "stat").read_text().rpartition(")")[2].split()[0] for path in residents())

    report_of(toy, "good")
    report = report_of(toy, "good", [b"", b"wait\n"], look)
    assert report.cases[1].outcome is Outcome.TIMED_OUT
    assert seen == ["T"]


def residents() -> list[Path]:
    """The processes of resident compilers of these tests."""
    return [path for path in Path("/proc").glob("[0-9]*") if b"toy/stays.py" in _words(path)]


def _words(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


def test_it_is_replaced_after_so_many(toy: LocalSandbox):
    assert compiler_of(toy) == "plain"
    for _ in range(resident._COMPILATIONS - 1):
        report_of(toy, "wrong")
    assert compiler_of(toy) == f"resident {resident._COMPILATIONS}"
    assert compiler_of(toy) == "resident 1"


def test_where_none_can_be_had_none_is_tried_for_ever(toy: LocalSandbox):
    stays = languages.HERE / "toy/stays.py"
    stays.write_text("")
    assert [compiler_of(toy) for _ in range(4)] == ["plain"] * 4


def test_it_goes_with_its_runner(toy: LocalSandbox):
    report_of(toy, "good")
    report_of(toy, "good")
    (process,) = residents()
    handle = os.pidfd_open(int(process.name))
    toy.close()
    ended = select.poll()
    ended.register(handle, select.POLLIN)
    assert ended.poll(20_000)
    os.close(handle)
