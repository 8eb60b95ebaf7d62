"""A warm Python is no other Python: each program runs both ways, and nobody could tell by its end which was which.

The other way is the same sandbox, where Python's folder does not say ``warm``: every case then executes
``/usr/bin/python3 -B main.py``.
"""

import json
import re
import shutil
from collections.abc import Iterator

import pytest

from grader.local_sandbox import LocalSandbox
from sandboxes import languages
from sandboxes.protocol import CaseOutcome, Outcome

from .programs import ended

INPUT = b"line 1\nline 2\nline 3"
PROGRAMS = {
    "globals": "print(sorted(globals().items()), __name__, __file__, __spec__, __package__, __doc__, __cached__)",
    "module docstring": '"""said at the top"""\nprint(__doc__)',
    "arguments": "import sys\nprint(sys.argv, sys.orig_argv, sys.path, sys.flags, sys.executable, sys.meta_path)",
    "loaded modules": "import sys\nprint(sorted(sys.modules))",
    "import __main__": "import __main__\nx = 1\nprint(__main__.x, __main__.__dict__ is globals())",
    "environment": "import os\nprint(sorted(os.environ.items()), os.getcwd(), os.getpid(), os.getppid(), os.umask(0))",
    "descriptors": "import os\nprint(sorted(os.listdir('/proc/self/fd')))",
    "streams": "import sys\nfor s in sys.stdin, sys.stdout, sys.stderr:\n"
    "    print(s, s.line_buffering, s.write_through, s.errors, s.seekable(), s.isatty(), s.buffer.raw)",
    "limits": "import resource as r\nprint([r.getrlimit(getattr(r, n)) for n in dir(r) if n.startswith('RLIMIT')])",
    "signals": "import signal\nprint([(s, str(signal.getsignal(s))) for s in range(1, 65) if s not in (32, 33)])",
    "encodings": "import sys, locale\nprint(locale.getpreferredencoding(), sys.getfilesystemencoding(), 'é漢😀')",
    "input": "x = input('prompt> ')\nprint(repr(x), repr(input()))",
    "end of input": "while True: print(input())",
    "lines of stdin": "import sys\nfor line in sys.stdin: print(repr(line))",
    "bytes of stdin": "import sys\nprint(sys.stdin.buffer.readline(), sys.stdin.buffer.read())",
    "position in stdin": "import sys\nprint(sys.stdin.tell(), sys.stdin.readline(), sys.stdin.tell())",
    "open(0)": "print(open(0).read().split())",
    "fileinput": "import fileinput\nfor line in fileinput.input(): print(line.strip(), fileinput.lineno())",
    "uncaught": "def f(x):\n    return 1 / x\n\ndef g():\n    f(0)\ng()",
    "uncaught with cause": "try:\n    {}['a']\nexcept KeyError as e:\n    raise ValueError('bad') from e",
    "uncaught with context": "try:\n    int('x')\nexcept ValueError:\n    [][1]",
    "uncaught group": "raise ExceptionGroup('many', [ValueError(1), TypeError('x')])",
    "uncaught with note": "e = ValueError('x')\ne.add_note('and more')\nraise e",
    "uncaught that cannot be shown": "class E(Exception):\n    def __str__(self): raise ValueError\nraise E",
    "uncaught in a thread": "import threading\nt = threading.Thread(target=lambda: 1 / 0)\nt.start()\nt.join()",
    "GeneratorExit": "raise GeneratorExit",
    "MemoryError": "raise MemoryError",
    "excepthook": "import sys\nsys.excepthook = lambda kind, error, tb: print(kind, error, tb.tb_lineno)\n1 / 0",
    "excepthook fails": "import sys\ndef hook(*_): [][0]\nsys.excepthook = hook\n1 / 0",
    "excepthook exits": "import sys\nsys.excepthook = lambda *_: sys.exit(7)\n1 / 0",
    "excepthook missing": "import sys\ndel sys.excepthook\n1 / 0",
    "traceback text": "import traceback\ntry: 1 / 0\nexcept ZeroDivisionError: print(traceback.format_exc())",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "SIGINT": "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(9)",
    "SIGPIPE": "import os\nr, w = os.pipe()\nos.close(r)\nos.write(w, b'x')",
    "SIGHUP": "import os, signal\nos.kill(os.getpid(), signal.SIGHUP)",
    "SIGUSR1": "import os, signal\nprint('lost')\nos.kill(os.getpid(), signal.SIGUSR1)",
    "SIGTERM": "import os, signal\nprint('kept', flush=True)\nos.kill(os.getpid(), signal.SIGTERM)",
    "SIGSEGV": "import ctypes\nctypes.string_at(0)",
    "file too large": "f = open('/tmp/x', 'wb')\nf.truncate(1 << 40)",
    "syntax error": "x = 1\ndef f(:\n    pass",
    "syntax error in a bracket": "x = (1,\nprint('a'\n",
    "indentation error": "def f():\n\tif 1:\n        pass\n",
    "return outside": "return 3",
    "too deep": "x = " + "(" * 300 + "1" + ")" * 300,
    "far too deep": "x = " + "-" * 100_000 + "1",
    "line ends of another system": "x = 1\r\ny = = 2\r\n",
    "byte order mark": "\ufeffprint('bom')\n",
    "nothing": "",
    "warning at compilation": "x = 1\nif x is 1: print('y')\nassert (1, 'a')\n",
    "warnings": "import warnings\ndef f(): warnings.warn('two', stacklevel=2)\nf()\n"
    "warnings.warn('x', DeprecationWarning)",
    "exit by nothing": "import sys\nsys.exit()",
    "exit by message": "import sys\nprint('o')\nsys.exit('msg é')",
    "exit by None": "raise SystemExit(None)",
    "exit by truth": "raise SystemExit(True)",
    "exit by 256": "raise SystemExit(256)",
    "exit by -1": "raise SystemExit(-1)",
    "exit by a large number": "raise SystemExit(2**70)",
    "exit by a float": "raise SystemExit(3.5)",
    "exit by a tuple": "raise SystemExit((1, 2))",
    "exit by a subclass": "class E(SystemExit): pass\nraise E(4)",
    "quit": "quit()",
    "os._exit": "import os\nprint('lost')\nos._exit(5)",
    "atexit": "import atexit\natexit.register(print, 'one')\natexit.register(print, 'two')\n"
    "atexit.register(lambda: 1 / 0)\nprint('end')",
    "atexit exits": "import atexit, sys\natexit.register(lambda: sys.exit(7))\nprint('end')",
    "atexit after threads": "import atexit, threading, time\natexit.register(print, 'atexit')\n"
    "threading.Thread(target=lambda: (time.sleep(0.1), print('late'))).start()\nprint('main')",
    "daemon thread": "import threading, time\ndef f():\n    while True: time.sleep(0.001)\n"
    "threading.Thread(target=f, daemon=True).start()\nprint('main')",
    "busy daemon thread": "import threading, time\nx = [1]\ndef f():\n    while True: x[0] += 1\n"
    "threading.Thread(target=f, daemon=True).start()\ntime.sleep(0.05)\nprint('main')",
    "__del__": "class A:\n    def __init__(self, n): self.n = n\n    def __del__(self): print('del', self.n)\n"
    "b = A('b')\n_c = A('c')\na = A('a')\nprint('end')",
    "__del__ calls a function": "class A:\n    def __del__(self): print(helper())\ndef helper(): return 5\na = A()",
    "__del__ in a cycle": "class A:\n    def __del__(self): print('del')\na = A()\na.me = a",
    "weakref.finalize": "import weakref\nclass A: pass\na = A()\nweakref.finalize(a, print, 'finalized')\nprint('end')",
    "finally in a generator": "def g():\n    try: yield 1\n    finally: print('finally')\n"
    "x = g()\nnext(x)\nprint('end')",
    "main module gone": "import sys\ndel sys.modules['__main__']\nclass A:\n    def __del__(self): print('x')\na = A()",
    "stdout put aside": "import sys, io\nprint('one')\nsys.stdout = io.StringIO()\nprint('two')",
    "stdout wrapped": "import sys, io\nsys.stdout = io.TextIOWrapper(sys.stdout.buffer, 'latin-1')\nprint('caf\\xe9')",
    "stdout replaced": "import sys\nprint('a')\nsys.stdout = open(1, 'w', closefd=False)\nprint('b')",
    "stdout detached": "import sys\nsys.stdout.detach().write(b'x\\n')",
    "stdout closed": "import sys\nprint('x')\nsys.stdout.close()",
    "stdout None": "import sys\nprint('x')\nsys.stdout = None\nprint('y')",
    "stdout deleted": "import sys\ndel sys.stdout",
    "descriptor 1 closed": "import os\nprint('x')\nos.close(1)",
    "descriptor 2 closed": "import os\nprint('x')\nos.close(2)\n1 / 0",
    "deepest recursion": "def f(n):\n    global deepest\n    deepest = n\n    f(n + 1)\n"
    "try: f(1)\nexcept RecursionError as e: print(deepest, e)",
    "endless recursion": "def f(): f()\nf()",
    "recursion further allowed": "import sys\nsys.setrecursionlimit(10**5)\n"
    "def f(n): return 0 if n == 0 else 1 + f(n - 1)\nprint(f(50_000))",
    "stack overflow": "import sys\nsys.setrecursionlimit(10**9)\n"
    "class A:\n    def __repr__(self): return repr(self)\nrepr(A())",
    "pickle": "import pickle\nclass A:\n    v = 3\nprint(pickle.dumps(A()), pickle.loads(pickle.dumps(A())).v)",
    "dataclass": "from dataclasses import dataclass\n@dataclass(order=True)\n"
    "class P:\n    x: int\nprint(P(1) < P(2), P(1), P.__module__)",
    "enum and typing": "import enum, typing\nclass E(enum.Enum):\n    A = 1\n"
    "def f(x: 'E'): pass\nprint(E.A, typing.get_type_hints(f))",
    "fork": "import os\nprint('before')\nif os.fork() == 0: print('child')\nelse: os.wait(); print('parent')",
    "multiprocessing by fork": "import multiprocessing as m\ndef f(x): return x * x\n"
    "if __name__ == '__main__':\n    with m.Pool(2) as pool: print(pool.map(f, range(5)))",
    "multiprocessing by spawn": "import multiprocessing as m\ndef f(x): return x * x\n"
    "if __name__ == '__main__':\n    with m.get_context('spawn').Pool(2) as pool: print(pool.map(f, range(5)))",
    "child's exit code": "import multiprocessing as m, sys\ndef f(): print('child'); sys.exit(3)\n"
    "p = m.Process(target=f)\np.start()\np.join()\nprint(p.exitcode)",
    "asyncio": "import asyncio\nasync def main():\n    await asyncio.sleep(0)\n    print('async')\nasyncio.run(main())",
    "subprocess": "import subprocess, sys\nprint(subprocess.run([sys.executable, '-c', 'import sys; print(sys.path)'], "
    "capture_output=True, text=True))",
    "logging": "import logging\nlogging.warning('w')\nlogging.error('e', exc_info=ValueError('v'))",
    "ctypes callback": "import ctypes as c\nF = c.CFUNCTYPE(c.c_int, c.POINTER(c.c_int), c.POINTER(c.c_int))\n"
    "a = (c.c_int * 3)(3, 1, 2)\nc.CDLL(None).qsort(a, 3, 4, F(lambda x, y: x[0] - y[0]))\nprint(list(a))",
    "modules we have used": "import socket, struct, marshal, resource, ctypes, atexit, gc\n"
    "print(struct.calcsize('P'), gc.isenabled(), gc.get_threshold(), socket.AF_UNIX)",
    "settrace": "import sys\nseen = []\nsys.settrace(lambda f, e, a: seen.append(f.f_code.co_name))\n"
    "def g(): pass\ng()\nsys.settrace(None)\nprint(seen)",
    "exec": "exec('x = 1')\nprint(x)\neval(compile('1/0', '<s>', 'eval'))",
    "inspect": "import inspect\ndef f(): pass\nprint(inspect.getsource(f))",
    "import error": "import nosuch",
    "name error with advice": "import math\nprint(mth.pi)",
    "random": "import random\nrandom.seed(3)\nprint(random.random())",
}


@pytest.fixture(scope="module")
def cold(
    boxes_sandbox: LocalSandbox, slot: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalSandbox]:
    """A local sandbox that executes Python for every case."""
    copy = tmp_path_factory.mktemp("cold") / "sandboxes"
    shutil.copytree(languages.HERE, copy, ignore=shutil.ignore_patterns("__pycache__", "smoke"))
    facts = json.loads((copy / "python/language.json").read_text())
    assert facts.pop("warm") == "python"
    (copy / "python/language.json").write_text(json.dumps(facts))
    sandbox = LocalSandbox(slot)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(languages, "HERE", copy)
        ended(sandbox, "python", "")
    yield sandbox
    sandbox.close()


def seen_by_a_learner(case: CaseOutcome) -> list[object]:
    """Everything that is shown, without what differs from run to run: addresses, and how a syntax error is called."""
    outcome = Outcome.EXITED if case.outcome is Outcome.NOT_COMPILED else case.outcome
    texts = [
        re.sub(rb"0x[0-9a-f]+", b"0x", text).decode(errors="replace") for text in (case.stdout, case.stderr)
    ]
    return [outcome, case.exit_code, case.signal, *texts]


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_warm_python_is_python(boxes_sandbox: LocalSandbox, cold: LocalSandbox, name: str):
    source = PROGRAMS[name].encode()
    warm, other = (
        ended(sandbox, "python", source, inputs=[INPUT], cpu_ms=3000, wall_ms=9000, memory_mib=256)
        for sandbox in (boxes_sandbox, cold)
    )
    assert seen_by_a_learner(warm) == seen_by_a_learner(other)


def test_the_other_way_is_another_way(boxes_sandbox: LocalSandbox, cold: LocalSandbox):
    source = "print(open('/proc/self/cmdline').read().split('\\0'))"
    assert b"launcher.py" in ended(boxes_sandbox, "python", source).stdout
    assert ended(cold, "python", source).stdout == b"['/usr/bin/python3', '-B', '/code/main.py', '']\n"


def test_only_a_warm_python_tells_a_syntax_error_from_an_error(
    boxes_sandbox: LocalSandbox, cold: LocalSandbox
):
    assert ended(boxes_sandbox, "python", "def f(:").outcome is Outcome.NOT_COMPILED
    assert ended(cold, "python", "def f(:").outcome is Outcome.EXITED
