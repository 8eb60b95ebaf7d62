# Takes the last item of a list that is empty at the beginning of every line: IndexError.
import sys

for line in sys.stdin:
    expected = []
    for character in line:
        if character == expected[-1]:
            expected.pop()
        elif character in "([{":
            expected.append({"(": ")", "[": "]", "{": "}"}[character])
    print("error at", len(line) if expected else "balanced")
