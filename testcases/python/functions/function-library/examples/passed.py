def mean(numbers):
    return sum(numbers) / len(numbers)


def median(numbers):
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    if len(ordered) % 2 == 1:
        return ordered[middle]
    return mean(ordered[middle - 1 : middle + 1])


def describe(numbers):
    if not numbers:
        return None
    return [min(numbers), max(numbers), mean(numbers), median(numbers)]
