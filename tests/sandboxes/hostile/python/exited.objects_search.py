# beside: a secret
# Nothing that the interpreter was forked with, on the stack or on the heap, holds a secret or an open way out.
import _socket
import gc
import os
import sys

found = []
frame = sys._getframe()
while frame:
    for name, value in list(frame.f_locals.items()):
        if isinstance(value, _socket.socket) and value.fileno() != -1:
            found.append((frame.f_code.co_name, name))
    frame = frame.f_back
for thing in gc.get_objects():
    try:
        text = repr(thing)[:100_000] if isinstance(thing, (dict, list, tuple, set)) else ""
    except Exception:
        continue
    if "canary-" in text.replace('"canary-"', "").replace("'canary-'", "") and "gc.get_objects" not in text:
        at = text.find("canary-")
        if text[at + 7 : at + 8] in "0123456789abcdef":
            found.append(text[at : at + 30])
for number in range(3, 1024):
    try:
        os.fstat(number)
        found.append(number)
    except OSError:
        pass
print(found or "held")
