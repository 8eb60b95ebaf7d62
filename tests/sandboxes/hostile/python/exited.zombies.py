# As many dead children as may be: nobody collects them but the end of the box.
import os

made = 0
try:
    while True:
        if os.fork() == 0:
            os._exit(0)
        made += 1
except OSError:
    pass
print("held" if made <= 16 else made)
