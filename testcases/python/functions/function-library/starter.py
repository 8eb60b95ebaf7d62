def mean(numbers):
    return 0


def median(numbers):
    return 0


def describe(numbers):
    """Returns [smallest, largest, mean, median], or None for an empty list."""
    return [0, 0, mean(numbers), median(numbers)]
