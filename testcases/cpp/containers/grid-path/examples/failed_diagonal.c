/* Goes diagonally too, and squeezes through where only corners touch. */
#include <stdio.h>
#include <string.h>

static char grid[300][301];
static int steps[300][300], queue[300 * 300];

int main(void) {
    int rows, columns, head = 0, tail = 0;
    if (scanf("%d %d", &rows, &columns) != 2) return 1;
    memset(steps, -1, sizeof steps);
    for (int r = 0; r < rows; r++) {
        if (scanf("%300s", grid[r]) != 1) return 1;
        for (int c = 0; c < columns; c++) {
            if (grid[r][c] == 'S') {
                steps[r][c] = 0;
                queue[tail++] = r * 300 + c;
            }
        }
    }
    while (head < tail) {
        int r = queue[head] / 300, c = queue[head] % 300;
        head++;
        if (grid[r][c] == 'E') {
            printf("%d\n", steps[r][c]);
            return 0;
        }
        for (int y = r - 1; y <= r + 1; y++) {
            for (int x = c - 1; x <= c + 1; x++) {
                if (y >= 0 && y < rows && x >= 0 && x < columns && grid[y][x] != '#' && steps[y][x] < 0) {
                    steps[y][x] = steps[r][c] + 1;
                    queue[tail++] = y * 300 + x;
                }
            }
        }
    }
    puts("no way");
    return 0;
}
