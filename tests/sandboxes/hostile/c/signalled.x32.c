/* The third set of system-call numbers, past filters that know only the first two: getpid there. */
#include <stdio.h>
#include <unistd.h>

int main(void) {
    printf("escaped: %ld\n", syscall(0x40000000 | 39));
    return 0;
}
