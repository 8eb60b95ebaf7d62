"""The warm start: a forked copy of an idle interpreter becomes the learner's program, as if it had just been started.

What a program could notice is put right: its ``__main__``, arguments, path and loaded modules are those of a fresh
``python3 main.py``, its standard streams were made over the same kinds of descriptors, tracebacks begin at its own
first line. At its end it gets what an interpreter's exit gives: threads are joined, ``atexit`` functions run, its
modules are cleared so that ``__del__`` is called, buffers are flushed. The interpreter's own exit is not taken: it
would also tear down everything the launcher had loaded, page by copied page, which costs more than most programs.

What stays different is written down in ARCHITECTURE.md: the string-hash seed and the address layout are the
launcher's, which is why the runner replaces the launcher now and then.
"""

import os
import sys

from sandboxes import kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, ModuleType
    from typing import NoReturn

    from sandboxes.box import Job

_FLUSH_FAILED = 120  # what CPython exits with where the last flush failed

#: What is in ``sys.modules`` when a fresh interpreter reaches its program's first line.
_FRESH = frozenset(
    "sys builtins _frozen_importlib _imp _thread _warnings _weakref _io marshal posix _frozen_importlib_external time "
    "zipimport _codecs codecs encodings encodings.aliases encodings.utf_8 _signal _abc abc io __main__ _stat stat "
    "_collections_abc genericpath posixpath os.path os _sitebuiltins _distutils_hack sitecustomize "
    "usercustomize site".split()
)
_kept: list[object] = []
_script = ""


def prepare() -> None:
    """Once, before the first box: does what an interpreter puts off until its first compilation, to do it only once."""
    exec(compile("try:\n 1\nexcept ValueError: pass", "<warm>", "exec"), {})


def run(job: "Job") -> "NoReturn":
    """Becomes the program of a warm job and ends with it."""
    global _script
    path = _script = job.script
    try:
        code = _compile(path)
        if job.channel:
            _compile(
                job.argv[-1]
            )  # the harness will load it; here is the moment to tell a syntax error apart
    except OSError as error:
        sys.stderr.write(
            f"python3: can't open file {error.filename!r}: [Errno {error.errno}] {error.strerror}\n"
        )
        _leave(2, ran=False)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        os.write(job.control, b"N")
        os.close(job.control)
        error.__traceback__ = None
        sys.excepthook(type(error), error, None)
        _leave(1, ran=False)
    _disguise(job, path)
    os.close(job.control)
    main = sys.modules["__main__"]
    code_at_exit = 0
    try:
        exec(code, main.__dict__)
    except SystemExit as error:
        code_at_exit = _exit_code(error)
    except BaseException as error:
        _show(error)
        code_at_exit = 1
    _leave(code_at_exit, ran=True)


def _compile(path: str) -> "CodeType":
    with open(path, "rb") as file:
        return compile(file.read(), path, "exec", dont_inherit=True)


def _show(error: BaseException) -> None:
    traceback = error.__traceback__.tb_next if error.__traceback__ else None
    try:
        sys.excepthook(type(error), error.with_traceback(traceback), traceback)
    except BaseException as second:
        sys.__excepthook__(type(second), second, second.__traceback__)


def _exit_code(error: SystemExit) -> int:
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF if abs(error.code) < 1 << 63 else 0xFF
    try:
        sys.stderr.write(f"{error.code}\n")
        sys.stderr.flush()
    except BaseException:
        pass
    return 1


def _leave(code: int, *, ran: bool) -> "NoReturn":
    """Ends as an interpreter does: threads, atexit, flush, the program's own objects, flush again."""
    import atexit

    try:
        if "threading" in sys.modules:
            sys.modules["threading"]._shutdown()
        atexit._run_exitfuncs()
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
    failed = _flush()
    if ran:
        _clear_modules()
        failed |= _flush()
    os._exit(code if not failed else _FLUSH_FAILED)


def _flush() -> bool:
    failed = False
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not getattr(stream, "closed", False):
                stream.flush()
        except BaseException:
            failed = stream is sys.stdout
    return failed


def _clear_modules() -> None:
    """Lets the program's own objects die, and their ``__del__`` run; the library's modules have none that matter."""
    import gc

    folder = os.path.dirname(_script) + "/"
    mine = [m for m in sys.modules.values() if str(getattr(m, "__file__", None)).startswith(folder)]
    for module in reversed(mine):
        _clear(module)
    gc.enable()
    gc.collect()


def _clear(module: "ModuleType") -> None:
    """Drops a module's globals in the interpreter's order: single-underscore names first, then the rest."""
    names = getattr(module, "__dict__", None)
    if not isinstance(names, dict):
        return
    for private in (True, False):
        for name in list(names):
            if name != "__builtins__" and (name.startswith("_") and not name.startswith("__")) == private:
                names[name] = None


def _disguise(job: "Job", path: str) -> None:
    ours = sys.modules["__main__"]
    _kept.append(ours)  # its globals are in use below us on the stack
    main = type(sys)("__main__")
    main.__dict__.update(
        __loader__=type(ours.__loader__)("__main__", path) if ours.__loader__ else None,  # pyright: ignore[reportCallIssue]
        __annotations__={},
        __builtins__=sys.modules["builtins"],
        __file__=path,
        __cached__=None,
    )
    for name in [name for name in sys.modules if name not in _FRESH]:
        del sys.modules[name]
    sys.modules["__main__"] = main
    sys.argv = job.argv[job.argv.index(path) :]
    sys.orig_argv = list(job.argv)
    sys.path[:] = [os.path.dirname(path), *(entry for entry in sys.path if entry.startswith("/usr/"))]
    sys.path_importer_cache.clear()
    os.environ.clear()
    os.environ.update(job.environment)
    kernel.set_dumpable(True)
