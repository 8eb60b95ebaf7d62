#include <stdio.h>

int main(void) {
    int questions;
    if (scanf("%d", &questions) != 1) {
        return 1;
    }
    for (int i = 0; i < questions; i++) {
        int x;
        if (scanf("%d", &x) != 1) {
            return 1;
        }
        /* How many primes are at most x? */
        printf("%d\n", x);
    }
    return 0;
}
