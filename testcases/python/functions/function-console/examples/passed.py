import sys


def add(a, b):
    return a + b


def gcd(a, b):
    while b:
        a, b = b, a % b
    return a


def clamp(x, low, high):
    return max(low, min(x, high))


def largest(*numbers):
    return max(numbers)


NUMERIC = {"add": add, "gcd": gcd, "clamp": clamp, "largest": largest}

for line in sys.stdin:
    name, *arguments = line.split()
    if name == "reverse":
        print(arguments[0][::-1])
    elif name in NUMERIC:
        print(NUMERIC[name](*map(int, arguments)))
    else:
        print("no function", name)
