"""The compile step: says what a warm Python would say of a main file that is none, before the first case runs.

Only the main file is looked at, as there: what the others hold shows when the program imports them.
"""

import sys
import traceback

_path = sys.argv[1]
try:
    with open(_path, "rb") as _file:
        compile(_file.read(), _path, "exec", 0, True)
except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
    sys.exit("".join(traceback.format_exception_only(type(error), error)).rstrip())
