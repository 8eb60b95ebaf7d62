"""What a program finds in a box, as one JSON object: run there in a program's place, by the runner's own choice."""

import json
import os
import sys

json.dump({"pid": os.getpid(), "user": os.getuid()}, sys.stdout)
