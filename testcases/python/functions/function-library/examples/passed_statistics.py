# The standard library has it all. What is printed on the way is not looked at.
import statistics


def describe(numbers):
    print("describing", len(numbers), "numbers")
    if len(numbers) == 0:
        return None
    return [f(numbers) for f in (min, max, statistics.fmean, statistics.median)]
