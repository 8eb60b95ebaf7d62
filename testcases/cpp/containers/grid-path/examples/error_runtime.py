# The first line holds two numbers; int() cannot read both at once.
rows = int(input())
columns = int(input())
grid = [input() for _ in range(rows)]
print(rows + columns - 2)
