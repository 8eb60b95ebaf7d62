/* A product of a million times a million does not fit: unsigned arithmetic wraps around. */
#include <stdio.h>

int main(void) {
    unsigned a, b;
    char operator;
    if (scanf("%u %c %u", &a, &operator, &b) != 3) {
        return 1;
    }

    if ((operator == '/' || operator == '%') && b == 0) {
        puts("division by zero");
    } else if (operator == '+') {
        printf("%d\n", (int)(a + b));
    } else if (operator == '-') {
        printf("%d\n", (int)(a - b));
    } else if (operator == '*') {
        printf("%d\n", (int)(a * b));
    } else if (operator == '/') {
        printf("%u\n", a / b);
    } else if (operator == '%') {
        printf("%u\n", a % b);
    } else {
        puts("unknown operator");
    }
    return 0;
}
