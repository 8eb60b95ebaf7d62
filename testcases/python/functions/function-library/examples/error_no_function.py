# The function has another name: there is no "describe" to call.
def description(numbers):
    if not numbers:
        return None
    ordered = sorted(numbers)
    middle = (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
    return [ordered[0], ordered[-1], sum(ordered) / len(ordered), middle]
