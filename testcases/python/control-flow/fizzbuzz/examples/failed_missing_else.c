/* Three separate conditions: a multiple of 15 prints three words. */
#include <stdio.h>

int main(void) {
    int n;
    if (scanf("%d", &n) != 1) {
        return 1;
    }
    for (int i = 1; i <= n; i++) {
        if (i % 15 == 0) puts("FizzBuzz");
        if (i % 3 == 0) puts("Fizz");
        if (i % 5 == 0) puts("Buzz");
        if (i % 3 != 0 && i % 5 != 0) printf("%d\n", i);
    }
    return 0;
}
