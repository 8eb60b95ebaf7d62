import sys

CLOSING = {"(": ")", "[": "]", "{": "}"}


def check(line):
    expected = []
    for position, character in enumerate(line, start=1):
        if character in CLOSING:
            expected.append(CLOSING[character])
        elif character in ")]}" and (not expected or expected.pop() != character):
            return f"error at {position}"
    return f"error at {len(line) + 1}" if expected else "balanced"


for line in sys.stdin:
    print(check(line.rstrip("\n")))
