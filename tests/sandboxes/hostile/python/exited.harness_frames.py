# returns: nothing
# The harness's own variables, found by way of the stack, hold arguments and no answer.
# never: expected
import gc
import os
import sys


def add(a, b):
    frame = sys._getframe(1)
    while frame:
        for name, value in frame.f_locals.items():
            if "expect" in name or "answer" in name:
                print("escaped", name, value)
        for name in frame.f_globals:
            if "expect" in name.lower():
                print("escaped", name)
        frame = frame.f_back
    if any("CODEZEST" in name for name in os.environ):
        print("escaped")
    sys.exit(0)
