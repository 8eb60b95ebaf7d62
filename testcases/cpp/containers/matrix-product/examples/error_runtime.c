/* Notices that something is wrong and gives up: abort() ends a program with a signal. */
#include <stdio.h>
#include <stdlib.h>

int main(void) {
    int n, m;
    if (scanf("%d x %d", &n, &m) != 2) {
        fputs("expected ROWS x COLUMNS\n", stderr);
        abort();
    }
    printf("%d\n", n * m);
    return 0;
}
