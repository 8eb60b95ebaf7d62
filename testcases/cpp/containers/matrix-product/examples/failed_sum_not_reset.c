/* The sum is set to zero once, and not for every entry. */
#include <stdio.h>

static int a[80][80], b[80][80];

int main(void) {
    int n, m, other, p;
    unsigned sum = 0;
    if (scanf("%d %d", &n, &m) != 2) return 1;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < m; j++)
            if (scanf("%d", &a[i][j]) != 1) return 1;
    if (scanf("%d %d", &other, &p) != 2) return 1;
    for (int i = 0; i < other; i++)
        for (int j = 0; j < p; j++)
            if (scanf("%d", &b[i][j]) != 1) return 1;
    if (m != other) {
        puts("impossible");
        return 0;
    }
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < p; j++) {
            for (int k = 0; k < m; k++) {
                sum += (unsigned)(a[i][k] * b[k][j]);
            }
            printf("%d ", (int)sum);
        }
        printf("\n");
    }
    return 0;
}
