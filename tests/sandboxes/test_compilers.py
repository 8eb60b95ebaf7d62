"""A faster compiler is no other compiler: the same programs come to the same end by the plain one.

The plain one is an image of the same build without its precompiled headers and its resident compiler. One difference
is known and told in `sandboxes/cpp/prepare.py`; addresses and names of temporary files differ from run to run.
"""

import io
import json
import re
import tarfile
from collections.abc import Iterator
from dataclasses import replace

import pytest

from grader.docker_sandbox import DockerSandbox
from grader.engine import Engine
from grader.images import image_name
from grader.sandbox import Sandbox
from sandboxes.languages import languages
from sandboxes.protocol import Outcome, RunReport

from .conftest import MEMORY_MIB, PREFIX, PROCESSES
from .programs import ended, request_for

pytestmark = pytest.mark.docker

_FOLDER = "/opt/codezest/sandboxes"
_WITHOUT = {
    "cpp": ["find", "/usr/include", "-name", "*.gch", "-delete"],
    "java": ["sed", "-i", 's/"resident"/"unused"/', f"{_FOLDER}/java/language.json"],
}

_MAIN = (
    "int main() { std::vector<int> v{3, 1, 2}; std::sort(v.begin(), v.end());"
    " for (int x : v) std::cout << x << __LINE__ << __FILE__;"
    # Its own machine code, as a sum: the same to the last bit.
    ' unsigned long sum = 0; FILE *file = fopen("/code/main", "r"); int sign;'
    " while ((sign = getc(file)) != EOF) sum = sum * 31 + sign; std::cout << sum; }\n"
)
_ALL, _STREAMS = "#include <bits/stdc++.h>\n", "#include <iostream>\n"
_REST = "#include <vector>\n#include <algorithm>\n"
_LOOP = "float f(float *a, int n) { float s = 0; for (int i = 0; i < n; i++) s += a[i] * a[i]; return s; }\n"
CPP = {
    "everything": _ALL + _MAIN,
    "streams first": _STREAMS + _REST + _MAIN,
    "vector first": _REST + _STREAMS + _MAIN,
    "twice": _ALL + _ALL + '#include "bits/stdc++.h"\n' + _MAIN,
    "streams, then everything": _STREAMS + _ALL + _MAIN,
    "after a declaration": "int before;\n" + _ALL + _MAIN,
    "in a namespace": "namespace x {\n" + _STREAMS + "}\nint main() { x::std::cout << 1; }\n",
    "what was not included": _STREAMS
    + "int main() { std::map<int, int> m; std::sort(&m, &m); std::cout << INT_MAX; }\n",
    "what vector does not bring": "#include <vector>\nint main() { std::string s; std::cout << s; printf(s); }\n",
    "what string does not bring": "#include <string>\nint main() { std::vector<int> v; puts(std::string()); }\n",
    "what algorithm does not bring": "#include <algorithm>\nint main() { std::vector<int> v; std::cout << 1; }\n",
    "what cstdio does not bring": "#include <cstdio>\nint main() { std::string s; exit(abs(1)); }\n",
    "an error in a template": _ALL
    + "struct A {}; int main() { std::vector<A> v; std::sort(v.begin(), v.end()); }\n",
    "an error in a stream": _STREAMS + "struct A {}; int main() { std::cout << A(); }\n",
    "warnings": _ALL
    + 'int main() { int u; std::string s; for (int i = 0; i < s.size(); i++) printf("%d", 1L); }\n',
    "warnings by streams": _STREAMS
    + 'int main() { int u; if (u = 1) return 0; char b[2]; __builtin_strcpy(b, "long"); }\n',
    "a macro that headers look at": "#define _GLIBCXX_DEBUG\n"
    + _ALL
    + "int main() { std::vector<int> v; return v[5]; }\n",
    "the same for streams": "#define _GLIBCXX_ASSERTIONS\n"
    + _STREAMS
    + "#include <vector>\nint main() { std::vector<int> v; return v[5]; }\n",
    "a macro of a keyword": "#define int long long\n"
    + _ALL
    + "signed main() { int x = 1; std::cout << sizeof x; }\n",
    "private is public": "#define private public\n"
    + _ALL
    + "int main() { std::cout << !std::vector<int>()._M_impl._M_start; }\n",
    "no assertions": "#define NDEBUG\n" + _ALL + "int main() { assert(false); std::cout << 1; }\n",
    "a macro of its own": "#define MINE 3\n"
    + _ALL
    + "int main() { std::cout << MINE << __COUNTER__ << __INCLUDE_LEVEL__; }\n",
    "a builtin macro taken away": "#undef __OPTIMIZE__\n" + _ALL + _MAIN,
    "optimize before": '#pragma GCC optimize("Ofast,unroll-loops")\n' + _ALL + _LOOP + _MAIN,
    "target before": '#pragma GCC target("avx2,popcnt")\n' + _ALL + _LOOP + _MAIN,
    "target before streams": '#pragma GCC target("avx2")\n' + _STREAMS + _REST + _LOOP + _MAIN,
    "target and intrinsics": '#pragma GCC target("avx2")\n' + _ALL + "#include <immintrin.h>\nint main() "
    "{ int o[8]; _mm256_storeu_si256((__m256i *)o, _mm256_set1_epi32(3)); std::cout << o[7]; }\n",
    "both after": _ALL + '#pragma GCC optimize("O3")\n#pragma GCC target("avx2")\n' + _LOOP + _MAIN,
    "no warnings asked for before": '#pragma GCC diagnostic ignored "-Wunused-variable"\n'
    + _ALL
    + "int main() { int u; }\n",
    "packed before": "#pragma pack(1)\n"
    + _ALL
    + "struct A { char c; int i; }; int main() { std::cout << sizeof(A); }\n",
    "poisoned before": "#pragma GCC poison printf\n" + _ALL + _MAIN,
    "an error of its own before": "#warning look\n" + _ALL + _MAIN,
    "another name and line": '#line 100 "other.cpp"\n'
    + _ALL
    + "int main() { int u; std::cout << __LINE__; }\n",
    "no ASCII": _ALL + 'int main() { std::string größe = "Füße 日本"; std::cout << größe; int ñ; }\n',
    "a byte order mark": "\ufeff" + _ALL + _MAIN,
    "other line ends": (_ALL + _MAIN).replace("\n", "\r\n"),
    "order of objects": _STREAMS
    + "struct I { I() { std::cout << 1; } ~I() { std::cout << 2; } } i; int main() {}\n",
    "no such function": _ALL + "int f(); int main() { return f(); }\n",
    "much of it": _ALL
    + "".join(
        f'int f{i}() {{ std::map<int, std::string> m; m[{i}] = "{i}"; return m.size(); }}\n'
        for i in range(30)
    )
    + "int main() { std::cout << f0() + f29(); }\n",
}
_HELLO = 'public class Main { public static void main(String[] a) { System.out.println("grüße " + %s); } }'
JAVA: dict[str, str | dict[str, str]] = {
    "hello": _HELLO % "1",
    "a syntax error": _HELLO % "(",
    "type errors": _HELLO % '"a" - 1 + undefined + new Missing()',
    "a hundred errors": _HELLO % "1" + "\n".join(f'class A{i} {{ int x = "{i}"; }}' for i in range(150)),
    "notes": "import java.util.*;\n" + _HELLO % "new ArrayList(Arrays.asList(1)).add(2)",
    "a deprecated call": _HELLO % "new Integer(3)",
    "a warning": _HELLO % "(int) 'a'" + " class D { void f() { new Thread().stop(); } }",
    "no class of the name": "class Other {}",
    "public in the wrong file": "public class Other {}",
    "two of one name": _HELLO % 1 + " class A {} class A {}",
    "in a package": {
        "Main.java": _HELLO % "p.A.f()",
        "A.java": "package p; public class A { public static int f() { return 3; } }",
    },
    "a package that is not there": "import no.such.Thing;\n" + _HELLO % 1,
    "a file of another class": {"Main.java": _HELLO % "new Helper()", "Helper.java": "class Helpr {}"},
    "several files": {
        "Main.java": _HELLO % "F.f() + new G().g",
        "F.java": "class F { static int f() { return 1; } }",
        "G.java": 'class G { int g = ""; }',
    },
    "what comes with it": {
        "Main.java": _HELLO % 'new java.io.File("data.txt").length()',
        "data.txt": "12345",
        "Bad.class": "no class",
    },
    "a class that is none": {"Main.java": _HELLO % "new Bad()", "Bad.class": "no class"},
    "records and the like": _HELLO % "new P(1, 2)"
    + " record P(int x, int y) {} enum E { A, B } sealed interface S permits T {} final class T implements S {}",
    "lambdas and inner classes": "import java.util.function.*;\n"
    + _HELLO % "((Function<Integer, Integer>) x -> x + 1).apply(2) + new Object() { int y = 5; }.y",
    "no ASCII": "class Größe { int é = 1; } " + _HELLO % 'new Größe().é + "日本"',
    "not UTF-8": 'public class Main { String s = "\\u00e9\xff"; }',
    "nothing": "",
    "only a comment": "// nothing",
    "an annotation processor's work": "import javax.annotation.processing.*;\n"
    '@SupportedAnnotationTypes("*") class X {} ' + _HELLO % 1,
    "a long constant": _HELLO % f'"{"x" * 70000}".length()',
    "code too large": _HELLO % 1 + " class L { void f() { int x = 0; " + "x += 1234567;" * 12000 + " } }",
    "much of it": _HELLO % "A99.f()"
    + " ".join(f"class A{i} {{ static int f() {{ return {i}; }} }}" for i in range(100)),
}
BOMBS = {
    "deep nesting": _HELLO % ("(" * 20000 + "1" + ")" * 20000),
    "a long sum": _HELLO % ("1" + "+x" * 20000),
    "deep generics": _HELLO % 1 + " class B { " + "java.util.List<" * 3000 + "Integer" + ">" * 3000 + " x; }",
    "many lambdas": "import java.util.function.*;\n"
    + _HELLO % 1
    + " class B { Object o = "
    + "((Function<Integer, Object>) x -> " * 30
    + "1"
    + ")" * 30
    + "; }",
    "a huge array": _HELLO % 1 + " class B { int[] x = {" + "1," * 200_000 + "}; }",
    "many constants": _HELLO % 1
    + " class B { "
    + " ".join(f'String s{i} = "c{i}";' for i in range(60_000))
    + " }",
    "a constant that doubles": _HELLO % 1
    + ' class B { static final String a0 = "aaaaaaaaaaaaaaaa"; '
    + " ".join(f"static final String a{i} = a{i - 1} + a{i - 1};" for i in range(1, 28))
    + " }",
}


def _source(given: str | dict[str, str], main: str) -> dict[str, bytes]:
    files = given if isinstance(given, dict) else {main: given}
    return {name: text.encode("latin-1" if "\xff" in text else "utf-8") for name, text in files.items()}


@pytest.fixture(scope="module")
def plain(docker_engine: Engine, slot: int) -> Iterator[DockerSandbox]:
    """Containers whose compilers start from nothing."""
    prefix = f"{PREFIX}-plain"
    for language, argv in _WITHOUT.items():
        list(docker_engine.build(_context(language, argv), image_name(prefix, language), {}))
    sandbox = DockerSandbox(
        docker_engine, slot=slot, prefix=prefix, memory_mib=MEMORY_MIB, processes=PROCESSES
    )
    yield sandbox
    sandbox.close()


def _context(language: str, argv: list[str]) -> bytes:
    dockerfile = f"FROM {image_name(PREFIX, language)}\nRUN {json.dumps(argv)}\n".encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        facts = tarfile.TarInfo("Dockerfile")
        facts.size = len(dockerfile)
        archive.addfile(facts, io.BytesIO(dockerfile))
    return buffer.getvalue()


def _without_chance(text: bytes) -> bytes:
    text = re.sub(rb",\n +from /code/main\.cpp:\d+:", b":", text)
    return re.sub(rb"0x[0-9a-f]+|/tmp/cc\w+", b"*", text)


def compare(fast: Sandbox, plain: Sandbox, language: str, source: dict[str, bytes]) -> RunReport:
    """Holds what a learner sees of one against the other; what the fast one said."""
    request = request_for(language, source, cpu_ms=2000, wall_ms=8000, memory_mib=256)
    found = [sandbox.run(request) for sandbox in (fast, plain)]
    shown = [
        [
            (end.outcome, end.exit_code, end.signal, end.stdout, _without_chance(end.stderr))
            for end in (report.compiled, *report.cases)
        ]
        for report in found
    ]
    assert shown[0] == shown[1]
    return found[0]


@pytest.mark.parametrize("name", CPP)
def test_a_precompiled_header_is_the_header(docker_sandbox: DockerSandbox, plain: DockerSandbox, name: str):
    compare(docker_sandbox, plain, "cpp", {"main.cpp": CPP[name].encode()})


@pytest.fixture(scope="module")
def warm(docker_sandbox: DockerSandbox) -> DockerSandbox:
    """A sandbox whose resident compiler has been invited."""
    assert ended(docker_sandbox, "java", _HELLO % 1).ended_well
    return docker_sandbox


@pytest.mark.parametrize("name", JAVA)
def test_the_resident_javac_is_javac(warm: DockerSandbox, plain: DockerSandbox, name: str):
    compare(warm, plain, "java", _source(JAVA[name], languages()["java"].main))


@pytest.mark.parametrize("name", BOMBS)
def test_after_a_bomb_the_next_submission_passes(warm: DockerSandbox, name: str):
    request = request_for("java", BOMBS[name], cpu_ms=2000, wall_ms=8000, memory_mib=256)
    report = warm.run(replace(request, compile_limits=replace(request.compile_limits, cpu_ms=8000)))
    assert report.compiled is not None
    assert report.compiled.outcome is not Outcome.SIGNALLED
    for _ in range(2):
        after = ended(warm, "java", _HELLO % "2")
        assert (after.outcome, after.exit_code, after.stdout) == (Outcome.EXITED, 0, "grüße 2\n".encode())


def test_the_fast_ones_are_fast_ones(warm: DockerSandbox, plain: DockerSandbox):
    """By what a compilation costs, in processor time: else the comparisons above compare nothing."""
    for language, source in (("java", _HELLO % 1), ("cpp", CPP["everything"])):
        request = request_for(language, source, wall_ms=8000, memory_mib=256)
        fast, slow = (sandbox.run(request).compiled for sandbox in (warm, plain))
        assert fast is not None
        assert slow is not None
        assert fast.cpu_ms * 2 < slow.cpu_ms
