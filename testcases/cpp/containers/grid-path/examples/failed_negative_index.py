# -1 is a place too in Python: the robot leaves the world above and comes back from below.
from collections import deque

rows, columns = map(int, input().split())
grid = [input() for _ in range(rows)]

start = next((r, row.index("S")) for r, row in enumerate(grid) if "S" in row)
steps = {start: 0}
queue = deque([start])
answer = "no way"
while queue:
    r, c = queue.popleft()
    if grid[r][c] == "E":
        answer = steps[r, c]
        break
    for y, x in ((r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)):
        if -rows <= y < rows and -columns <= x < columns and grid[y][x] != "#" and (y, x) not in steps:
            steps[y, x] = steps[r, c] + 1
            queue.append((y, x))
print(answer)
