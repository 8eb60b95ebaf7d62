/* Refuses to work with less than it thinks it needs, and leaves with an exit code other than 0. */
#include <stdio.h>

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: %s LIMIT\n", argv[0]);
        return 2;
    }
    puts("0");
    return 0;
}
