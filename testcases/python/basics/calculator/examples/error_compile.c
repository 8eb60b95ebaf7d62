/* "result" is never declared, and a semicolon is missing. */
#include <stdio.h>

int main(void) {
    int a, b;
    char operator;
    scanf("%d %c %d", &a, &operator, &b);
    if (operator == '+') {
        result = a + b
    }
    printf("%d\n", result);
    return 0;
}
