import sys


def to_fahrenheit(celsius):
    return celsius * 9 / 5 + 32


def to_celsius(fahrenheit):
    return (fahrenheit - 32) * 5 / 9


CONVERT = {"C": to_fahrenheit, "F": to_celsius}

for line in sys.stdin.read().splitlines()[1:]:
    temperature, scale = line.split()
    print(f"{CONVERT[scale](float(temperature)):.3f}")
