# "largest" begins with 0: wrong when all numbers are negative.
import math
import sys


def largest(numbers):
    best = 0
    for number in numbers:
        if number > best:
            best = number
    return best


for line in sys.stdin:
    name, *words = line.split()
    if name == "reverse":
        print("".join(reversed(words[0])))
    elif name == "add":
        print(int(words[0]) + int(words[1]))
    elif name == "gcd":
        print(math.gcd(int(words[0]), int(words[1])))
    elif name == "clamp":
        print(min(max(int(words[0]), int(words[1])), int(words[2])))
    elif name == "largest":
        print(largest([int(word) for word in words]))
    else:
        print("no function", name)
