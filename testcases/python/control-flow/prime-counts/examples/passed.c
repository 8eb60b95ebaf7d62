#include <stdio.h>

enum { LIMIT = 1000000 };

static char composite[LIMIT + 1];
static int count_up_to[LIMIT + 1];

int main(void) {
    for (int i = 2; i <= LIMIT; i++) {
        count_up_to[i] = count_up_to[i - 1];
        if (!composite[i]) {
            count_up_to[i]++;
            for (long long j = (long long)i * i; j <= LIMIT; j += i) {
                composite[j] = 1;
            }
        }
    }

    int questions, x;
    if (scanf("%d", &questions) != 1) {
        return 1;
    }
    while (questions-- > 0 && scanf("%d", &x) == 1) {
        printf("%d\n", count_up_to[x]);
    }
    return 0;
}
