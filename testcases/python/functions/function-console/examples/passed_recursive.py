import sys


def gcd(a, b):
    return gcd(b, a % b) if b else a


def largest(numbers):
    head, *tail = numbers
    return max(head, largest(tail)) if tail else head


def reverse(word):
    return reverse(word[1:]) + word[0] if word else ""


def call(name, arguments):
    match name:
        case "reverse":
            return reverse(arguments[0])
        case "add":
            return int(arguments[0]) + int(arguments[1])
        case "gcd":
            return gcd(int(arguments[0]), int(arguments[1]))
        case "clamp":
            return sorted(map(int, arguments))[1]
        case "largest":
            return largest(list(map(int, arguments)))
        case _:
            return f"no function {name}"


for line in sys.stdin:
    name, *arguments = line.split()
    print(call(name, arguments))
