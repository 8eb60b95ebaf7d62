"""The warm start: a forked copy of an idle interpreter becomes the learner's program, as if it had just been started.

What a program could notice is put right: its ``__main__``, arguments, path, signals and loaded modules are those of a
fresh ``python3 main.py``, its standard streams were made over the same kinds of descriptors, tracebacks begin at its
own first line, and as deep a recursion ends it. At its end it gets what an interpreter's exit gives: threads are
joined, ``atexit`` functions run, its modules die so that ``__del__`` is called, buffers are flushed. The interpreter's
own exit is not taken: it would also tear down everything the launcher had loaded, page by copied page, which costs
more than most programs.

What stays different is written down in ARCHITECTURE.md: the string-hash seed and the address layout are the
launcher's, which is why the runner replaces the launcher now and then; a program that walks up the stack finds two
frames of ours below its own.
"""

import _signal  # pyright: ignore[reportMissingImports]
import atexit
import builtins
import gc
import os
import sys
from _thread import _count as count_threads
from _weakref import ref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, ModuleType, TracebackType
    from typing import NoReturn

    from sandboxes.job import Job

# A program may replace what is built in, and its end is still ours to make: the functions below keep what they had.
__builtins__ = dict(vars(builtins))
_end = os._exit

_FRAMES_BELOW = 4  # the launcher's, `run`, `_execute` and exec itself
_FLUSH_FAILED = 120  # what CPython exits with where the last flush failed

#: What is in ``sys.modules`` when a fresh interpreter reaches its program's first line.
_FRESH = frozenset(
    "sys builtins _frozen_importlib _imp _thread _warnings _weakref _io marshal posix _frozen_importlib_external time "
    "zipimport _codecs codecs encodings encodings.aliases encodings.utf_8 _signal _abc abc io __main__ _stat stat "
    "_collections_abc genericpath posixpath os.path os _sitebuiltins _distutils_hack site".split()
)
_kept: list[object] = []
_environment: dict[str, str] = {}
_folder = ""
_loaded: tuple[int, str] = 0, ""  # of `sys.modules`, before a program: how many, and which came last


def prepare(environment: dict[str, str]) -> None:
    """Once, before the first box: does here whatever would be the same in each, for every page of memory that a box
    has to write to is copied for it, at some microseconds each.

    Nothing can be imported from here on, but what a fresh interpreter has loaded.
    """
    global _loaded
    # What an interpreter puts off until its first compilation.
    exec(compile("try:\n 1\nexcept ValueError: pass", "<warm>", "exec"), {})
    _kept.extend(sys.modules.pop(name) for name in [name for name in sys.modules if name not in _FRESH])
    sys.path[:] = [entry for entry in sys.path if entry.startswith("/usr/")]
    sys.path_importer_cache.clear()
    os.environ.clear()
    _set_environment(environment)
    _signal.signal(_signal.SIGINT, _signal.default_int_handler)  # `box.c` lets it work in the program only
    _loaded = len(sys.modules), next(reversed(sys.modules))


def _set_environment(environment: dict[str, str]) -> None:
    """Changes what is different only, and leaves everything in the order it is given."""
    global _environment
    if not environment.items() >= _environment.items():
        os.environ.clear()
        _environment = {}
    for name, value in environment.items():
        if name not in _environment:
            os.environ[name] = value
    _environment = environment


def run(job: "Job") -> "NoReturn":
    """Becomes the program of a warm job and ends with it."""
    global _folder
    path = job.script
    _folder = path[: path.rindex("/") + 1]
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
        _print(error)
        _leave(1, ran=False)
    _disguise(job, path)
    os.close(job.control)
    error = _execute(code)
    if error is None:
        _leave(0)
    if isinstance(error, SystemExit):
        _leave(_exit_code(error))
    interrupted = type(error) is KeyboardInterrupt
    _show(error)
    error = None
    _leave(1, interrupted=interrupted)


def _compile(path: str) -> "CodeType":
    with open(path, "rb") as file:
        return compile(file.read(), path, "exec", dont_inherit=True)


def _execute(code: "CodeType") -> BaseException | None:
    """Runs the program; what it died of, its traceback beginning at its own first frame."""
    try:
        exec(code, sys.modules["__main__"].__dict__)
    except BaseException as error:
        return error.with_traceback(_without_first(error))
    return None


def _without_first(error: BaseException) -> "TracebackType | None":
    return error.__traceback__.tb_next if error.__traceback__ else None


def _show(error: BaseException) -> None:
    """Calls the program's ``sys.excepthook`` as an interpreter does, and speaks itself where that fails."""
    hook = getattr(sys, "excepthook", None)
    if hook is None:
        _write("sys.excepthook is missing\n")
        _print(error)
        return
    try:
        hook(type(error), error, error.__traceback__)
    except BaseException as second:
        second.with_traceback(_without_first(second)).__context__ = None
        if isinstance(second, SystemExit):
            _leave(_exit_code(second))
        _write("Error in sys.excepthook:\n")
        _print(second)
        _write("\nOriginal exception was:\n")
        _print(error)


def _print(error: BaseException) -> None:
    sys.__excepthook__(type(error), error, error.__traceback__)


def _write(text: str) -> None:
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except BaseException:
        pass


def _exit_code(error: SystemExit) -> int:
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF if abs(error.code) < 1 << 63 else 0xFF
    _write(f"{error.code}\n")
    return 1


def _leave(code: int, *, ran: bool = True, interrupted: bool = False) -> "NoReturn":
    """Ends as an interpreter does: threads, atexit, flush, the program's own objects, flush again."""
    try:
        if "threading" in sys.modules:
            sys.modules["threading"]._shutdown()
        atexit._run_exitfuncs()
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
    failed = _flush()
    if ran and not count_threads():  # a daemon thread may still use them: it would complain
        try:
            _clear_modules()
        except BaseException:  # it has replaced a builtin that we use, and an interpreter does not
            pass
    _flush_what_is_left()
    if interrupted:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
        os.kill(os.getpid(), _signal.SIGINT)
    _end(code if not failed else _FLUSH_FAILED)


def _flush() -> bool:
    """Flushes the program's streams: True if that failed. Standard output's failure is told on standard error."""
    failed = False
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name, None)
        try:
            if stream is not None and not getattr(stream, "closed", False):
                stream.flush()
        except BaseException as error:
            failed = True
            if name == "stdout":
                _write(f"Exception ignored in: {stream!r}\n")
                _print(error.with_traceback(None))
    return failed


def _flush_what_is_left() -> None:
    # Of its objects' last words, and of the first streams, where it has put others in their place.
    for name in ("stdout", "stderr", "__stdout__", "__stderr__"):
        try:
            getattr(sys, name).flush()
        except BaseException:
            pass


def _clear_modules() -> None:
    """Lets the program's own objects die, and their ``__del__`` run; the library's modules have none that matter."""
    mine = [name for name in _new() if str(getattr(sys.modules[name], "__file__", None)).startswith(_folder)]
    left = [ref(sys.modules.pop(name)) for name in mine]
    gc.enable()
    gc.collect()
    for link in reversed(left):
        if (module := link()) is not None:
            _clear(module)


def _new() -> list[str]:
    """The names of the modules that came with the program."""
    if (len(sys.modules), next(reversed(sys.modules))) == _loaded and "__main__" in sys.modules:
        return ["__main__"]  # nothing has been loaded: to look at each name is to copy the page it lies in
    return [name for name in sys.modules if name not in _FRESH or name == "__main__"]


def _clear(module: "ModuleType") -> None:
    """Drops a module's globals in the interpreter's order: single-underscore names first, then the rest."""
    names = module.__dict__
    for private in (True, False):
        for name in list(names):
            if name != "__builtins__" and (name.startswith("_") and not name.startswith("__")) == private:
                names[name] = None


def _disguise(job: "Job", path: str) -> None:
    ours = sys.modules["__main__"]
    _kept.append(ours)  # its globals are in use below us on the stack
    # Made here and not before the first box: what is frozen there no collection at the end would let die.
    main = type(sys)("__main__")
    main.__dict__.update(
        __loader__=type(ours.__loader__)("__main__", path) if ours.__loader__ else None,  # pyright: ignore[reportCallIssue]
        __annotations__={},
        __builtins__=sys.modules["builtins"],
        __file__=path,
        __cached__=None,
    )
    sys.modules["__main__"] = main
    sys.argv = job.argv[job.argv.index(path) :]
    sys.orig_argv = list(job.argv)
    gc.enable()
    sys.path.insert(0, _folder[:-1])
    if job.environment != _environment:
        _set_environment(job.environment)
    sys.setrecursionlimit(sys.getrecursionlimit() + _FRAMES_BELOW)
