#include <stdio.h>
#include <string.h>

enum { LONGEST = 100000 };

static char line[LONGEST + 2];
static char expected[LONGEST];

static size_t first_error(size_t length) {
    const char *opening = "([{", *closing = ")]}";
    size_t open = 0;
    for (size_t i = 0; i < length; i++) {
        const char *kind = memchr(opening, line[i], 3);
        if (kind != NULL) {
            expected[open++] = closing[kind - opening];
        } else if (memchr(closing, line[i], 3) != NULL) {
            if (open == 0 || expected[--open] != line[i]) {
                return i + 1;
            }
        }
    }
    return open == 0 ? 0 : length + 1;
}

int main(void) {
    while (fgets(line, sizeof line, stdin) != NULL) {
        size_t position = first_error(strcspn(line, "\n"));
        if (position == 0) {
            puts("balanced");
        } else {
            printf("error at %zu\n", position);
        }
    }
    return 0;
}
