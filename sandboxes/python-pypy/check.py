"""What is wrong with a program that has ended badly, if it is none: what a warm Python would have said at its start.

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
