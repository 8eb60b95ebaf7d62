/* Children take what they can, all at once, and each may be the kernel's next victim. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(void) {
    for (int i = 0; i < 8; i++) fork();
    for (;;) {
        char *held = malloc(1 << 20);
        if (held) memset(held, 1, 1 << 20);
    }
}
