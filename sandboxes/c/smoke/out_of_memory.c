#include <stdlib.h>
#include <string.h>

int main(void) {
    for (;;) {
        char *held = malloc(1000000);
        if (held) memset(held, 1, 1000000);
    }
}
