# Removes pairs until none is left: finds whether a line is balanced, but loses the positions.
import sys

for line in sys.stdin:
    line = line.rstrip("\n")
    rest = "".join(character for character in line if character in "()[]{}")
    for _ in range(100):
        rest = rest.replace("()", "").replace("[]", "").replace("{}", "")
    print("balanced" if not rest else f"error at {line.index(rest[0]) + 1}")
