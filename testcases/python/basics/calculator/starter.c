#include <stdio.h>

int main(void) {
    int left, right;
    char operator;
    if (scanf("%d %c %d", &left, &operator, &right) != 3) {
        return 1;
    }

    /* Look at the operator and print the result. */
    printf("%d\n", left);
    return 0;
}
