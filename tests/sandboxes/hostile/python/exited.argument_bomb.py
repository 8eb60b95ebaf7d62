# Very long arguments and environments are the kernel's business, and it says no.
import os
import sys

try:
    os.execve(sys.executable, ["x" * (1 << 17)] * 100, {})
except OSError:
    print("held")
