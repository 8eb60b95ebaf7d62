/* The 32-bit entry: getpid there is number 20. */
#include <stdio.h>

int main(void) {
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory");
    printf("escaped: %ld\n", result);
    return 0;
}
