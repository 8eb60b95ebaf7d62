#include <stdio.h>

int main(void) {
    long long a, b;
    char operator;
    if (scanf("%lld %c %lld", &a, &operator, &b) != 3) {
        return 1;
    }

    if ((operator == '/' || operator == '%') && b == 0) {
        puts("division by zero");
        return 0;
    }
    switch (operator) {
        case '+': printf("%lld\n", a + b); break;
        case '-': printf("%lld\n", a - b); break;
        case '*': printf("%lld\n", a * b); break;
        case '/': printf("%lld\n", a / b); break;
        case '%': printf("%lld\n", a % b); break;
        default: puts("unknown operator");
    }
    return 0;
}
