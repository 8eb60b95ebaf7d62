"""Calls the learner's function: arguments come on descriptor 3, the value goes out on descriptor 4, both as JSON.

What the program prints stays its own. Everything used after the learner's file has been loaded was taken before, so
replacing a library function forges nothing but the learner's own return value, which it could have chosen anyway.
Tracebacks show the learner's lines only.
"""

import json
import os
import sys

_write, _dumps, _exit = os.write, json.dumps, sys.exit
_set_digits, _usual_digits = sys.set_int_max_str_digits, sys.get_int_max_str_digits()
_PLAIN = frozenset({int, float, str, bool, type(None)})


def _plain(value, depth=0):
    kind = type(value)
    if depth > 100:
        raise TypeError("it is nested more than 100 deep")
    if kind in _PLAIN:
        return value
    if kind in (list, tuple):
        return [_plain(item, depth + 1) for item in value]
    if kind is dict:
        if any(type(key) is not str for key in value):
            raise TypeError("a dictionary in it has keys that are no strings")
        return {key: _plain(item, depth + 1) for key, item in value.items()}
    raise TypeError(
        f"{kind.__name__} is not plain data (numbers, strings, booleans, None, lists, dictionaries)"
    )


def _call(function, *arguments):
    """Calls the learner's code, or code about it; ends as an interpreter would if it fails."""
    try:
        return function(*arguments)
    except Exception as caught:
        error = caught.with_traceback(caught.__traceback__.tb_next)
    sys.excepthook(type(error), error, error.__traceback__)
    return _exit(1)


def _load(path):
    module = type(sys)("main")
    module.__file__ = path
    sys.modules["main"] = module
    with open(path, "rb") as file:
        code = _call(compile, file.read(), path, "exec", 0, True)
    _call(exec, code, module.__dict__)
    return module


def _main():
    _set_digits(0)  # numbers may be longer than Python converts unasked, here and in the answer only
    with open(3, "rb") as file:
        arguments = json.loads(file.read())
    _set_digits(_usual_digits)
    signature = json.loads(os.environ.pop("CODEZEST_FUNCTION"))
    path, name = sys.argv[1], signature["name"]
    sys.argv[:] = [path]
    sys.path[0] = os.path.dirname(path)
    function = _load(path).__dict__.get(name)
    if not callable(function):
        _exit(f"Your program defines no function named {name!r}.")
    value = _call(function, *arguments)
    _set_digits(0)
    try:
        text = _dumps(_plain(value)).encode()
    except (TypeError, ValueError, RecursionError) as error:
        _exit(f"The value that {name!r} returned cannot be compared: {error}.")
    while text:
        text = text[_write(4, text) :]


_main()
