# Divides by zero for the empty list; all else is right.
def mean(numbers):
    return sum(numbers) / len(numbers)


def median(numbers):
    ordered = sorted(numbers)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def describe(numbers):
    return [min(numbers), max(numbers), mean(numbers), median(numbers)]
