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
    int n, m, other, p;
    if (!read_matrix(a, &n, &m) || !read_matrix(b, &other, &p)) {
        return 1;
    }
    if (m != other) {
        puts("impossible");
        return 0;
    }
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < p; j++) {
            int sum = 0;
            for (int k = 0; k < m; k++) {
                sum += a[i][k] * b[k][j];
            }
            printf("%d%c", sum, j + 1 < p ? ' ' : '\n');
        }
    }
    return 0;
}
