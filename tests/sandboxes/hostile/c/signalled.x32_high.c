/* A number of no entry at all. */
#include <unistd.h>

int main(void) {
    syscall(0x40000000L | 520);
    return 0;
}
