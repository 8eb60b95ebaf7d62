# The median of numbers that were never put in order, and of an even count one number too far.
def describe(numbers):
    if not numbers:
        return None
    return [min(numbers), max(numbers), sum(numbers) / len(numbers), numbers[len(numbers) // 2]]
