"""Honest programs in real sandboxes, and what the sandbox owes them: all of their output, nobody else's leftovers."""

import hashlib
import select
from contextlib import closing
from pathlib import Path

import pytest

from grader.compile_cache import CompileCache
from grader.cores import Cores
from grader.lanes import Lanes
from grader.local_sandbox import LocalSandbox
from grader.sandbox import Sandbox, SandboxUnavailable
from grader.slots import take_slot
from sandboxes.protocol import CaseInput, CaseOutcome, FunctionCall, Outcome, RunRequest

from .programs import COMPILE, ended, limits_of, report_of, request_for, runner_of
from .test_hostile import harmless

LEAVES = """
import os, sys
PLACES = "/tmp", "/code", "/dev/shm"
if input() == "leave":
    for place in PLACES:
        open(place + "/left", "w").write("a secret")
        os.mkdir(place + "/folder")
    os.mkfifo("/tmp/fifo")
    if os.fork() == 0:
        os.setsid()
        while True: pass
else:
    print([name for place in PLACES for name in os.listdir(place) if name != "main.py"])
    print([name for name in os.listdir("/proc") if name.isdigit() and int(name) not in (1, os.getpid())])
"""


def test_a_case_finds_nothing_of_the_one_before(sandbox: Sandbox):
    report = report_of(sandbox, "python", LEAVES, inputs=[b"leave\n", b"look\n", b"leave\n", b"look\n"])
    assert [case.outcome for case in report.cases] == [Outcome.EXITED] * 4
    assert [case.stdout for case in report.cases] == [b"", b"[]\n[]\n"] * 2


def test_a_submission_finds_nothing_of_the_one_before(sandbox: Sandbox):
    ended(sandbox, "python", LEAVES, inputs=[b"leave\n"])
    assert ended(sandbox, "python", LEAVES, inputs=[b"look\n"]).stdout == b"[]\n[]\n"


@pytest.mark.parametrize("code", [0, 1, 2, 9, 126, 127, 137, 255])
def test_exit_codes_say_nothing_but_themselves(sandbox: Sandbox, code: int):
    case = ended(sandbox, "python", f"import os; os._exit({code})")
    assert (case.outcome, case.exit_code, case.signal) == (Outcome.EXITED, code, None)


def test_a_large_input_arrives_whole(sandbox: Sandbox):
    source = "import sys, hashlib; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())"
    given = bytes(range(256)) * (20 * 4096)
    case = ended(sandbox, "python", source, inputs=[given], memory_mib=256)
    assert case.stdout.decode().strip() == hashlib.sha256(given).hexdigest()


def test_an_input_need_not_be_read(sandbox: Sandbox):
    assert ended(sandbox, "python", "print(1)", inputs=[b"x" * (5 << 20)]).stdout == b"1\n"


def test_output_arrives_whole_up_to_the_limit(sandbox: Sandbox):
    source = "import sys; sys.stdout.write('x' * 65536); sys.stderr.write('y' * 65536)"
    case = ended(sandbox, "python", source)
    assert (case.outcome, case.stdout, case.stderr) == (Outcome.EXITED, b"x" * 65536, b"y" * 65536)


def test_one_byte_more_is_too_much_and_the_rest_is_kept(sandbox: Sandbox):
    case = ended(sandbox, "python", "import sys; sys.stdout.write('x' * 65537)")
    assert (case.outcome, case.exit_code, case.stdout) == (Outcome.OUTPUT_TOO_LARGE, None, b"x" * 65536)


def test_a_thousand_cases(sandbox: Sandbox):
    numbers = range(1000)
    request = request_for("python", "print(int(input()) * 2)", [f"{n}\n".encode() for n in numbers])
    heard: list[int] = []
    report = sandbox.run(request, lambda index, _: heard.append(index))
    assert [case.stdout for case in report.cases] == [f"{n * 2}\n".encode() for n in numbers]
    assert heard == list(numbers)


SEVERAL = {
    "python": {
        "main.py": b"import helper\nprint(helper.f(), open('a.txt').read())",
        "helper.py": b"def f(): return 1",
        "a.txt": b"2",
    },
    "c": {
        "main.c": b'#include "f.h"\n#include <stdio.h>\nint main(void) { printf("%d 2\\n", f()); }',
        "f.c": b'#include "f.h"\nint f(void) { return 1; }',
        "f.h": b"int f(void);",
    },
    "java": {
        "Main.java": b"public class Main {"
        b' public static void main(String[] a) { System.out.println(F.f() + " 2"); } }',
        "F.java": b"class F { static int f() { return 1; } }",
    },
    "javascript": {"main.js": b'console.log(require("./f.js").f(), 2)', "f.js": b"exports.f = () => 1"},
}


@pytest.mark.parametrize("language", SEVERAL)
def test_several_files(sandbox: Sandbox, language: str):
    assert ended(sandbox, language, SEVERAL[language]).stdout.strip() == b"1 2"


def test_a_chain_stops_at_its_first_failure(sandbox: Sandbox):
    limits = limits_of("python")
    chains = [("a", b"0"), ("b", b"1"), ("a", b"0"), ("b", b"0"), (None, b"1"), (None, b"0"), ("a", b"0")]
    cases = [CaseInput(stdin=code, limits=limits, chain=chain) for chain, code in chains]
    files = {"main.py": b"raise SystemExit(int(input()))"}
    report = sandbox.run(RunRequest(language="python", files=files, cases=cases, compile_limits=COMPILE))
    assert [case.exit_code for case in report.cases] == [0, 1, 0, None, 1, 0, 0]
    assert report.cases[3].outcome is Outcome.SKIPPED


def test_all_cases_together_have_a_bound(sandbox: Sandbox):
    limits = limits_of("python")
    files = {"main.py": b"import time; time.sleep(0.2)"}
    cases = [CaseInput(stdin=b"", limits=limits)] * 20
    request = RunRequest(
        language="python", files=files, cases=cases, compile_limits=COMPILE, total_wall_ms=500
    )
    found = [case.outcome for case in sandbox.run(request).cases]
    assert found[0] is Outcome.EXITED
    assert found[-10:] == [Outcome.SKIPPED] * 10


def test_what_the_listener_raises_comes_out_and_the_next_run_works(sandbox: Sandbox):
    def listen(_index: int, _outcome: object) -> None:
        raise KeyError("the lease is lost")

    with pytest.raises(KeyError):
        sandbox.run(request_for("python", "print(1)", [b""] * 5), listen)
    harmless(sandbox, "python")


def test_a_language_that_nobody_serves(sandbox: Sandbox):
    request = RunRequest(language="cobol", files={}, cases=[], compile_limits=COMPILE)
    with pytest.raises(SandboxUnavailable, match="cobol"):
        sandbox.run(request)
    harmless(sandbox, "python")


def test_measured_processor_time_is_the_programs(sandbox: Sandbox):
    source = "import time\nwhile time.process_time() < 0.25: pass"
    case = ended(sandbox, "python", source, cpu_ms=2000)
    assert case.ended_well
    assert 245 <= case.cpu_ms < 350
    assert case.wall_ms >= 245


def test_a_sleeper_uses_none(sandbox: Sandbox):
    case = ended(sandbox, "python", "import time; time.sleep(0.5)")
    assert case.wall_ms >= 500
    assert case.cpu_ms < 60


def test_tight_limits_are_not_broken_by_our_own_work(sandbox: Sandbox):
    # The next box is made, and the last one taken apart, while a program runs: none of it is the program's.
    memory = "x = bytearray(60 << 20)\nprint(len(x))"
    report = report_of(sandbox, "python", memory, inputs=[b""] * 60, cpu_ms=80)
    assert {case.outcome for case in report.cases} == {Outcome.EXITED}


def test_memory_that_processes_share_counts_once(sandbox: Sandbox):
    source = """
import os, time
held = bytearray(60 << 20)
children = []
for _ in range(4):
    pid = os.fork()
    if pid == 0:
        time.sleep(0.3)
        os._exit(held[0])
    children.append(pid)
print([os.waitpid(pid, 0)[1] for pid in children])
"""
    case = ended(sandbox, "python", source)
    assert (case.outcome, case.stdout) == (Outcome.EXITED, b"[0, 0, 0, 0]\n"), case


ECHO = FunctionCall(name="f", parameters=("int",), returns="any")


@pytest.mark.parametrize(
    ("language", "source", "returned"),
    [
        (
            "python",
            "def f(n): return [n, {'a': None}, 1.5, True, 'é']",
            b'[7, {"a": null}, 1.5, true, "\\u00e9"]',
        ),
        ("python", "import os\nos.write(4, b'99')\nos._exit(0)", b"99"),  # it forges its own answer, no more
        ("python", "import json, os, sys\njson.dumps = os.write = sys.exit = None\ndef f(n): return n", b"7"),
        ("python", "def f(n): raise SystemExit(0)", None),
        ("python", "def f(n): return object()", None),
        ("python", "f = 3", None),
        ("python", "class I(int): pass\ndef f(n): return I(n)", None),
        ("javascript", "function f(n) { return [n, { a: null }, 'é'] }", '[7,{"a":null},"é"]'.encode()),
        ("javascript", "const f = async (n) => n", b"7"),
        ("javascript", "exports.f = (n) => n", b"7"),
        ("javascript", "JSON.stringify = () => '99'; function f(n) { return n }", b"7"),
        ("javascript", "function f(n) { process.exit(0) }", None),
        ("javascript", "function f(n) { return () => n }", None),
        ("javascript", "let f = 3", None),
    ],
)
def test_a_functions_value_comes_on_a_channel_of_its_own(
    sandbox: Sandbox, language: str, source: str, returned: bytes | None
):
    case = ended(sandbox, language, source, inputs=[b"[7]"], function=ECHO)
    assert case.returned == returned
    assert case.outcome is Outcome.EXITED
    if returned is None:
        assert not case.ended_well or "exit" in source.lower()


def test_a_functions_errors_show_its_own_lines_only(sandbox: Sandbox):
    case = ended(sandbox, "python", "def f(n):\n    return n / 0", inputs=[b"[7]"], function=ECHO)
    assert case.exit_code == 1
    assert case.stderr.decode().splitlines() == [
        "Traceback (most recent call last):",
        '  File "/code/main.py", line 2, in f',
        "    return n / 0",
        "           ~~^~~",
        "ZeroDivisionError: division by zero",
    ]


def test_a_value_without_end_is_too_much_output(sandbox: Sandbox):
    case = ended(sandbox, "python", "def f(n): return 'x' * 10**6", inputs=[b"[7]"], function=ECHO)
    assert case.outcome is Outcome.OUTPUT_TOO_LARGE


def test_a_case_is_heard_of_while_the_next_one_runs():
    # Outcomes wait for one another, but never for a program that takes its time.
    program = "import time\nif input() == 'wait': time.sleep(2)"
    request = request_for("python", program, [b"go\n", b"wait\n"])
    followed: list[bool] = []
    with take_slot() as slot, closing(LocalSandbox(slot)) as sandbox:

        def hear(index: int, _: CaseOutcome) -> None:
            more = select.select([runner_of(sandbox).socket], [], [], 0)[0]
            followed.append(bool(more))

        report = sandbox.run(request, hear)
    assert [case.outcome for case in report.cases] == [Outcome.EXITED] * 2
    assert not followed[0]


def test_many_quick_cases_are_all_heard_of(sandbox: Sandbox):
    heard: list[int] = []
    report = sandbox.run(
        request_for("python", "print(input())", [b"%d\n" % i for i in range(40)]),
        lambda index, _: heard.append(index),
    )
    assert heard == list(range(40))
    assert [case.stdout for case in report.cases] == [b"%d\n" % i for i in range(40)]


def test_classes_in_folders_deeper_than_any_recursion(sandbox: Sandbox):
    package = ".".join("p" * 1200)
    files = {
        "Main.java": b'public class Main { public static void main(String[] a) { System.out.println("ok"); } }',
        "Deep.java": f"package {package}; public class Deep {{ }}".encode(),
    }
    assert ended(sandbox, "java", files).stdout == b"ok\n"


def test_an_annotation_processor_is_only_compiled(sandbox: Sandbox):
    processor = b"""
import java.util.Set;
import javax.annotation.processing.*;
import javax.lang.model.element.TypeElement;
@SupportedAnnotationTypes("*")
public class Evil extends AbstractProcessor {
    static { new java.io.File("/code/ran").mkdir(); new Thread(() -> { for (;;); }).start(); }
    public boolean process(Set<? extends TypeElement> a, RoundEnvironment r) { throw new Error("ran"); }
}
"""
    main = b"""
public class Main {
    public static void main(String[] args) { System.out.println(new java.io.File("ran").exists()); }
}
"""
    files = {"Main.java": main, "Evil.java": processor}
    assert ended(sandbox, "java", files).stdout == b"false\n"


def test_a_program_that_cannot_be_started_is_its_authors_failure(sandbox: Sandbox):
    source = '__asm__(".section .interp,\\"a\\"\\n.zero 5000\\n.text"); int main(void) { return 0; }'
    case = ended(sandbox, "c", source)
    assert (case.outcome, case.exit_code) == (Outcome.EXITED, 126)
    assert case.stderr == b"/code/main: Exec format error\n"


def test_so_is_one_larger_than_any_machine(sandbox: Sandbox):
    case = ended(sandbox, "c", "char huge[1L << 46]; int main(void) { return 0; }")
    assert case.outcome is Outcome.SIGNALLED


def test_a_large_program_reaches_its_box_whole(sandbox: Sandbox):
    source = "char large[40 << 20] = {1}; int main(void) { return large[sizeof large - 1]; }"
    report = report_of(sandbox, "c", source, inputs=[b""] * 3)
    assert all(case.ended_well for case in report.cases), report.cases


def test_a_larger_one_is_its_compilers_failure(sandbox: Sandbox):
    case = ended(sandbox, "c", "char large[50 << 20] = {1}; int main(void) { return large[7]; }")
    assert case.outcome is Outcome.NOT_COMPILED
    assert b"What the compiler made cannot be used: it is too large." in case.stderr


def test_what_the_compiler_leaves_in_tmp_is_gone(sandbox: Sandbox):
    source = '#include <stdio.h>\n#include <stdlib.h>\nint main(void) { return system("ls -A /tmp /code"); }'
    case = ended(sandbox, "c", source)
    assert case.stdout == b"/code:\nmain\nmain.c\n\n/tmp:\n"


NO_PROGRAMS = {
    "bash": "echo begun\nif then",
    "javascript": "console.log('begun'); let x = ;",
    "php": "<?php echo 'begun'; if (",
    "ruby": "puts 'begun'; def (",
}


@pytest.mark.parametrize("language", NO_PROGRAMS)
def test_an_interpreter_is_asked_whether_it_was_a_program_once_it_has_ended_badly(
    sandbox: Sandbox, language: str
):
    if language not in sandbox.languages():
        pytest.skip(f"{language} is not installed here")
    report = report_of(sandbox, language, NO_PROGRAMS[language], inputs=[b"", b""])
    assert report.compiled is not None
    assert (report.compiled.outcome, report.cases) == (Outcome.NOT_COMPILED, ())
    assert report.compiled.stderr
    assert report.compiled.stdout == b""


def test_a_program_that_ends_badly_is_still_a_program(sandbox: Sandbox):
    report = report_of(sandbox, "bash", "echo said; exit $(cat)", inputs=[b"3", b"0", b"4"])
    assert [case.exit_code for case in report.cases] == [3, 0, 4]
    assert {case.stdout for case in report.cases} == {b"said\n"}


def test_what_was_made_runs_again_elsewhere(sandbox: Sandbox, tmp_path: Path, slot: int):
    source = '#include <stdio.h>\nint main(void) { int n; scanf("%d", &n); return n; }'
    cores = Cores(slot, folder=tmp_path / "machine", count=2)
    cache = CompileCache(tmp_path / "made", 16)
    lanes = Lanes(sandbox._start, cores=cores, cache=cache, width=2, shared=isinstance(sandbox, LocalSandbox))  # pyright: ignore[reportAttributeAccessIssue]
    try:
        request = request_for("c", source, [str(number).encode() for number in range(20)])
        for _ in range(2):
            report = lanes.run(request, None)
            assert [case.exit_code for case in report.cases] == list(range(20))
            assert report.compiled is not None
            assert report.compiled.ended_well
    finally:
        lanes.close()
        cores.close()
    assert len(list((tmp_path / "made").iterdir())) == 1


def test_who_exceeds_its_time_by_little_is_ended_late_and_judged_the_same(sandbox: Sandbox):
    spin = "import time\nwhile time.process_time() < {}: pass\nprint('done')"
    case = ended(sandbox, "python", spin.format(0.515), cpu_ms=500, wall_ms=20_000)
    assert (case.outcome, case.limit) == (Outcome.TIMED_OUT, "cpu")
    assert case.stdout == b"done\n"  # it was let run to its end
    case = ended(sandbox, "python", spin.format(5), cpu_ms=500, wall_ms=20_000)
    assert (case.outcome, case.limit, case.stdout) == (Outcome.TIMED_OUT, "cpu", b"")
    assert 550 <= case.cpu_ms < 1000
