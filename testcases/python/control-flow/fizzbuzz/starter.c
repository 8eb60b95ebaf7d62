#include <stdio.h>

int main(void) {
    int n;
    if (scanf("%d", &n) != 1) {
        return 1;
    }
    for (int number = 1; number <= n; number++) {
        /* Decide what to print for this number. */
        printf("%d\n", number);
    }
    return 0;
}
