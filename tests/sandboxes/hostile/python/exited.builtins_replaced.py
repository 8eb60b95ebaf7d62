# never: launcher.py
# What is built in is replaced by nonsense: the program's end is what it would be under any interpreter.
import builtins
import os
import sys

print("held", flush=True)
end = SystemExit(0)
os._exit = os.kill = lambda *a: None
for name in ("isinstance", "getattr", "list", "type", "str", "reversed", "SystemExit", "BaseException", "OSError"):
    setattr(builtins, name, lambda *a, **k: False)
raise end
