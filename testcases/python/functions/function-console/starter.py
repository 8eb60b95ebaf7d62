import sys


def add(a, b):
    return a + b


for line in sys.stdin:
    name, *arguments = line.split()
    if name == "add":
        print(add(int(arguments[0]), int(arguments[1])))
    else:
        print("no function", name)
