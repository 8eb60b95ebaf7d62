from collections import deque


def shortest(grid, rows, columns):
    start = next((r, row.index("S")) for r, row in enumerate(grid) if "S" in row)
    steps = {start: 0}
    queue = deque([start])
    while queue:
        r, c = queue.popleft()
        if grid[r][c] == "E":
            return steps[r, c]
        for place in ((r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)):
            y, x = place
            if 0 <= y < rows and 0 <= x < columns and grid[y][x] != "#" and place not in steps:
                steps[place] = steps[r, c] + 1
                queue.append(place)
    return "no way"


rows, columns = map(int, input().split())
print(shortest([input() for _ in range(rows)], rows, columns))
