#include <stdio.h>
#include <string.h>

enum { LARGEST = 300 };

static char grid[LARGEST][LARGEST + 1];
static int steps[LARGEST][LARGEST];
static int queue[LARGEST * LARGEST];

int main(void) {
    int rows, columns, head = 0, tail = 0;
    if (scanf("%d %d", &rows, &columns) != 2) {
        return 1;
    }
    memset(steps, -1, sizeof steps);
    for (int r = 0; r < rows; r++) {
        if (scanf("%300s", grid[r]) != 1) {
            return 1;
        }
        char *start = strchr(grid[r], 'S');
        if (start != NULL) {
            int c = (int)(start - grid[r]);
            steps[r][c] = 0;
            queue[tail++] = r * LARGEST + c;
        }
    }

    const int down[] = {1, -1, 0, 0}, right[] = {0, 0, 1, -1};
    while (head < tail) {
        int r = queue[head] / LARGEST, c = queue[head] % LARGEST;
        head++;
        if (grid[r][c] == 'E') {
            printf("%d\n", steps[r][c]);
            return 0;
        }
        for (int way = 0; way < 4; way++) {
            int y = r + down[way], x = c + right[way];
            if (y < 0 || y >= rows || x < 0 || x >= columns || grid[y][x] == '#' || steps[y][x] >= 0) {
                continue;
            }
            steps[y][x] = steps[r][c] + 1;
            queue[tail++] = y * LARGEST + x;
        }
    }
    puts("no way");
    return 0;
}
