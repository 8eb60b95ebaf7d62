# One function for each operator, kept in a dictionary.
import operator

OPERATIONS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.floordiv,
    "%": operator.mod,
}


def calculate(line):
    left, sign, right = line.split()
    if sign not in OPERATIONS:
        return "unknown operator"
    try:
        return OPERATIONS[sign](int(left), int(right))
    except ZeroDivisionError:
        return "division by zero"


print(calculate(input()))
