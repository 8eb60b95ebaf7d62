/* As fast as the kernel hands it out. */
#include <stdlib.h>
#include <string.h>

int main(void) {
    for (;;) {
        char *held = malloc(64 << 20);
        if (held) memset(held, 1, 64 << 20);
    }
}
