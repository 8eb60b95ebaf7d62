/* The last brace is missing. */
#include <stdio.h>

int main(void) {
    int n;
    scanf("%d", &n);
    for (int i = 1; i <= n; i++) {
        if (i % 15 == 0) {
            puts("FizzBuzz");
        } else {
            printf("%d\n", i);
        }
    return 0;
}
